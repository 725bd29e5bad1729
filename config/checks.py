from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def environment(**_: Any) -> list[CheckMessage]:
    """Every variable that is missing or wrong, each with its remedy."""
    return [
        Error(problem.text, hint=problem.hint, id=problem.id)
        for problem in settings.ENVIRONMENT_PROBLEMS
    ]


@register("database")
def var_dir(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """SQLite makes its file, but not the directory of it."""
    if not databases:
        return []
    database = settings.DATABASES["default"]
    if database["NAME"] != settings.VAR_DIR / "db.sqlite3" or settings.VAR_DIR.is_dir():
        return []
    hint = "`make up` makes it; or make it yourself, or let VAR_DIR name another."
    return [Error(f"There is no directory {settings.VAR_DIR}.", hint=hint, id="config.E004")]
