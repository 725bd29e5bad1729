from __future__ import annotations

from typing import Any

#: What must be read where it was written.
_STICKY = {"accounts", "auth", "contenttypes", "sessions"}


class Replica:
    """Reads go to the replica, which is always behind; writes and what is sticky do not."""

    def db_for_read(self, model: Any, **_: Any) -> str:
        return "default" if model._meta.app_label in _STICKY else "replica"

    def db_for_write(self, model: Any, **_: Any) -> str:
        return "default"

    def allow_relation(self, *_: Any, **__: Any) -> bool:
        return True
