from __future__ import annotations

from django.db import transaction

from channels_celery import send, topics
from channels_celery.database import session
from channels_celery.jobs import ledger
from channels_celery.models import Job

from .describe import describe_one
from .errors import Refused
from .models import Image
from .works import can_help


def rerun(image: Image) -> None:
    """Have failed work on an image done again, and tell its topic: `image.again`.

    Raises Refused when it has not failed, or would only fail the same way.
    """
    with transaction.atomic():
        # Two clicks: the second waits and finds the work under way.
        locked = Image.objects.select_for_update().filter(pk=image.pk).first()
        if locked is None:
            raise Refused("not_found", "This image has been removed.", 404)
        _check(locked)
        _send_again(locked)
        fence = Job.objects.values_list("fence", flat=True).get(pk=locked.job)
        told = {"id": str(locked.pk), "job": str(locked.job), "fence": fence}
        topics.publish(locked.topic, "image.again", told)


def _check(image: Image) -> None:
    described = describe_one(image)
    if described is None or described["state"] != "failed":
        raise Refused("not_failed", "The work on this image has not failed.", 409)
    if not can_help(described["state"], described["error"]):
        text = "Trying again would not help with this file. Choose another one."
        raise Refused("no_help", text, 409)


def _send_again(image: Image) -> None:
    with session() as current:
        if ledger.redrive(current, image.job):
            return
    # The job has been pruned meanwhile: there is nothing to accept again.
    image.job = send("thumbnailer", {"image": str(image.pk)}, topic=image.topic).id
    image.save(update_fields=["job"])
