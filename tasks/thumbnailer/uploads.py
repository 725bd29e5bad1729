from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from channels_celery import send, topics

from . import quota, store
from .describe import describe_new, describe_one
from .errors import Refused
from .models import Image
from .payers import Payer
from .receiving import Received
from .topics import topic_of


def accept(
    owner: str, payers: Sequence[Payer], files: Sequence[Received], id: UUID | None = None
) -> list[dict[str, Any]]:
    """Store the files and send each to the thumbnailer: all of them or none.

    Nothing is decoded here: whether a file is an image, the worker finds out. With an `id` of the
    sender's choice the same upload may come again, as after a lost answer, and counts once, for
    each of `payers`.
    Raises Refused before anything is stored.
    """
    _check(files, id)
    if known := _known(owner, id):
        return [known]
    bill = (payers, owner, len(files), sum(file.size for file in files))
    quota.check(*bill)
    topic = topic_of(owner)
    position = topics.position(topic)
    images = [_image(owner, topic, file, id) for file in files]
    try:
        with store.staged(files) as contents, transaction.atomic():
            quota.take(*bill)
            rows = store.claimed(contents)
            for image, file in zip(images, files, strict=True):
                image.content = rows[file.digest]
            return [_announce(image, position) for image in images]
    except IntegrityError:
        # The same upload can overtake itself: the first is still being taken in.
        if known := _known(owner, id):
            return [known]
        raise


def _check(files: Sequence[Received], id: UUID | None) -> None:
    if not files:
        raise Refused("no_image", "Choose at least one image.", 400)
    if id is not None and len(files) > 1:
        raise Refused("bad_id", "An id is for one image; send each image by itself.", 400)


def _known(owner: str, id: UUID | None) -> dict[str, Any] | None:
    known = None if id is None else Image.objects.filter(pk=id).first()
    if known is None:
        return None
    if known.owner != owner:
        raise Refused("bad_id", "This id is taken; send the image with another one.", 409)
    return describe_one(known)


def _image(owner: str, topic: str, file: Received, id: UUID | None) -> Image:
    chosen = {} if id is None else {"id": id}
    return Image(owner=owner, topic=topic, name=file.name or "image", **chosen)


def _announce(image: Image, position: topics.Position) -> dict[str, Any]:
    image.job = send("thumbnailer", {"image": str(image.pk)}, topic=image.topic).id
    image.save(force_insert=True)
    described = describe_new(image, position)
    topics.publish(image.topic, "image.created", described)
    return described
