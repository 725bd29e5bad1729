from __future__ import annotations

from django.core.files.storage import default_storage
from django.db import transaction

from channels_celery import topics

from .models import SIZES, Image, original_name


def remove(image: Image) -> None:
    """Delete an image and tell its topic; its files go once that is committed."""
    names = [original_name(image), *(image.thumbnail_name(size) for size in SIZES)]
    with transaction.atomic():
        topics.publish(image.topic, "image.deleted", {"id": str(image.pk)})
        image.delete()
        transaction.on_commit(lambda: _delete_files(names), robust=True)


def _delete_files(names: list[str]) -> None:
    for name in names:
        default_storage.delete(name)
