"""Deletes files that no content has: what a crash left between a file and its row.

A content's id is never used twice, so a file whose content has no row is nobody's for good, but
for those of the last hour, whose row may be about to be written.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from uuid import UUID

from django.core.files.storage import default_storage
from django.utils import timezone

from .models import Content

FOLDERS = ("originals", "thumbnails")
YOUNG = timedelta(hours=1)
#: Looked at in a run: the next one begins elsewhere.
MOST_FILES = 100_000
AT_ONCE = 500


def sweep(most: int = MOST_FILES) -> int:
    """Look at up to so many files and delete the orphans among them; their number."""
    names = islice(_names(), most)
    deleted = 0
    while batch := list(islice(names, AT_ONCE)):
        for name in _without_content(batch):
            deleted += _deleted(name)
    return deleted


def _names() -> Iterator[str]:
    """All files, folder by folder in a new order each time."""
    shards = [f"{top}/{name}" for top in FOLDERS for name in _listing(top)[0]]
    folders = [*FOLDERS, *shards]
    random.shuffle(folders)
    for folder in folders:
        yield from (f"{folder}/{name}" for name in _listing(folder)[1])


def _listing(folder: str) -> tuple[list[str], list[str]]:
    """The folders and the files in a folder; of one that is not there none."""
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def _without_content(names: list[str]) -> list[str]:
    ids = {name: _content_id(name) for name in names}
    contents = Content.objects.filter(pk__in={id for id in ids.values() if id})
    known = set(contents.values_list("pk", flat=True))
    return [name for name, id in ids.items() if id not in known]


def _content_id(name: str) -> UUID | None:
    """None of a file that was never finished."""
    try:
        return UUID(name.rpartition("/")[2].partition("-")[0])
    except ValueError:
        return None


def _deleted(name: str) -> bool:
    try:
        if default_storage.get_modified_time(name) > timezone.now() - YOUNG:
            return False
        default_storage.delete(name)
    except Exception:
        # Each storage has errors of its own; somebody else may have deleted it meanwhile.
        if default_storage.exists(name):
            raise
        return False
    return True
