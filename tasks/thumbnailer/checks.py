from __future__ import annotations

import sys
from dataclasses import fields
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register

from . import limits
from .sandbox import seccomp

_HINT = "Run workers that take images of strangers on Linux (x86-64 or ARM)."


@register()
def sandbox(**_: Any) -> list[CheckMessage]:
    """What this platform can not do to confine the decoding of a stranger's image."""
    found: list[CheckMessage] = []
    if sys.platform != "linux":
        text = "This platform can not limit the memory that decoding an image takes."
        found.append(Warning(text, hint=_HINT, id="thumbnailer.W001"))
    if not seccomp.is_possible():
        text = "This platform can not keep the decoder of an image from opening files and sockets."
        found.append(Warning(text, hint=_HINT, id="thumbnailer.W002"))
    return found


@register()
def known_limits(**_: Any) -> list[CheckMessage]:
    """The dict THUMBNAILER_LIMITS: known names, whole numbers."""
    known = {field.name for field in fields(limits.Limits)}
    return [
        Error(
            f"{limits.NAME}[{name!r}] is {value!r}.",
            hint=f"Write a whole number for one of {', '.join(sorted(known))}.",
            id="thumbnailer.E001",
        )
        for name, value in limits.given().items()
        if name not in known or type(value) is not int or value < 0
    ]
