"""Contents: the bytes of uploads and their thumbnails, kept once however many images have them.

A content is found by the SHA-256 of its bytes, but its files are named by its row's random id.
So each life of a content has files of its own: deleting those of an ended life can not hurt an
upload of the same bytes that begins the next one, and an address tells nothing of the bytes.
No answer tells a visitor that others have the same bytes. By the clock it can be guessed, once
work is done sooner than a decoder could: the price of making the same thumbnails once.
A row is written after its files and deleted before them; what a crash leaves in between is a file
without a row, which `sweep` deletes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction

from .models import SPEC, Content, Thumbnail
from .receiving import Received


@contextmanager
def staged(files: Iterable[Received]) -> Iterator[list[Content]]:
    """Each file written as a content without a row yet; what gets none is deleted at the end.

    Written whether or not its bytes are known: how long an upload takes tells nobody what others
    have uploaded. And outside of any transaction, as a slow disk must not hold a lock.
    """
    contents: list[Content] = []
    try:
        for file in files:
            content = Content(id=uuid.uuid4(), digest=file.digest, bytes=file.size)
            contents.append(content)
            default_storage.save(content.original_name, file)
        yield contents
    finally:
        ids = [content.pk for content in contents]
        used = set(Content.objects.filter(pk__in=ids).values_list("pk", flat=True))
        for content in contents:
            if content.pk not in used:
                default_storage.delete(content.original_name)


def claimed(contents: Iterable[Content]) -> dict[str, Content]:
    """The row of each staged content by its digest: an older one of the same bytes, or itself.

    Inside a transaction, until whose end nobody deletes them.
    """
    by_digest = {content.digest: content for content in contents}
    # In one order for everybody: two uploads of the same files must not wait for each other.
    return {digest: _claimed(by_digest[digest]) for digest in sorted(by_digest)}


def _claimed(content: Content) -> Content:
    locked = Content.objects.select_for_update()
    row, _ = locked.get_or_create(
        digest=content.digest, defaults={"id": content.pk, "bytes": content.bytes}
    )
    return row


def release(content_id: uuid.UUID) -> None:
    """Delete a content that no image has any more: its row now, its files after commit.

    Inside the transaction that deletes an image of it.
    """
    # Two last images at once: the second waits here and finds that it is the last.
    content = Content.objects.select_for_update().get(pk=content_id)
    if content.images.exists():
        return
    names = [content.original_name, *(made.file_name for made in content.thumbnails.all())]
    content.delete()
    transaction.on_commit(lambda: _delete(names), robust=True)


def original(content: Content) -> File[bytes] | None:
    """The uploaded file, open; None when the content went while it was looked for.

    Raises FileNotFoundError when the storage has lost it.
    """
    try:
        return default_storage.open(content.original_name)
    except FileNotFoundError:
        if Content.objects.filter(pk=content.pk).exists():
            raise
        return None


def thumbnails(content: Content, spec: int = SPEC) -> list[Thumbnail] | None:
    """All thumbnails of a content, smallest first; None while they are not complete."""
    if not Content.objects.filter(pk=content.pk, spec=spec).exists():
        return None
    return list(content.thumbnails.filter(spec=spec).order_by("size"))


def add(content: Content, size: int, made: tuple[int, int], data: bytes) -> Thumbnail | None:
    """Keep a thumbnail of `made` width and height, file before row; None, and nothing stays, when
    the content has gone. Made again, or by two at once, it is written again and is the same."""
    width, height = made
    thumbnail = Thumbnail(content=content, spec=SPEC, size=size, width=width, height=height)
    default_storage.save(thumbnail.file_name, ContentFile(data))
    with transaction.atomic():
        # The lock makes a release wait until our row is there to be deleted with the rest.
        if Content.objects.select_for_update().filter(pk=content.pk).exists():
            about: dict[str, Any] = {"width": width, "height": height}
            return Thumbnail.objects.update_or_create(
                content=content, spec=SPEC, size=size, defaults=about
            )[0]
    default_storage.delete(thumbnail.file_name)
    return None


def complete(content: Content) -> None:
    """All thumbnails are made: the next job of the same content only tells of them."""
    Content.objects.filter(pk=content.pk).update(spec=SPEC)


def _delete(names: Iterable[str]) -> None:
    for name in names:
        default_storage.delete(name)
