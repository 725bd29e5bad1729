from __future__ import annotations

import os
import secrets
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage


class WholeFiles(FileSystemStorage):
    """Files on disk that a reader sees whole or not at all, and that a power cut leaves whole.

    A file is written beside its place under another name and then renamed; one of the same name
    is replaced.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_overwrite": True, **options})

    def _save(self, name: str, content: File[Any]) -> str:
        folder, _, base = name.rpartition("/")
        unfinished = f"{folder}/.{base}.{secrets.token_hex(8)}".lstrip("/")
        try:
            super()._save(unfinished, content)  # type: ignore[misc]
            with open(self.path(unfinished), "rb") as written:
                os.fsync(written.fileno())
            os.replace(self.path(unfinished), self.path(name))
        except BaseException:
            self.delete(unfinished)
            raise
        return name
