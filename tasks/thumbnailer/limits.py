from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

NAME = "THUMBNAILER_LIMITS"
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is taken from one visitor: the dict `THUMBNAILER_LIMITS` of the settings."""

    #: Of one file, and of a request with several.
    FILE_BYTES: int = 25 * MEGABYTE
    REQUEST_BYTES: int = 100 * MEGABYTE
    FILES_AN_HOUR: int = 1_000
    BYTES_AN_HOUR: int = 5 * 1024 * MEGABYTE
    #: Images of a visitor whose work has no outcome yet.
    OPEN_JOBS: int = 500


def given() -> dict[str, Any]:
    """What the settings say of limits; what is no dict is no limit's name."""
    found = getattr(settings, NAME, {})
    return dict(found) if isinstance(found, dict) else {NAME: found}


def current() -> Limits:
    """The limits in force."""
    return Limits(**given())
