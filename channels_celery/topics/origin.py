from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host
from django.utils.http import is_same_domain

#: What Django allows in development when ALLOWED_HOSTS is empty.
DEVELOPMENT_HOSTS = [".localhost", "127.0.0.1", "[::1]"]


def refusal(scope: Mapping[str, Any]) -> str | None:
    """Why a websocket of this origin is refused, naming the setting; None if it is ours.

    A browser always sends Origin, and session cookies with it, so a foreign page could act as its
    reader. Without Origin it is no browser and has no cookies but its own: allowed.
    """
    given = _header(scope, b"origin")
    if given is None or _is_ours(given.lower(), _header(scope, b"host") or ""):
        return None
    return (
        f"The origin {given[:100]!r} is not one of this site's; "
        "add it to ALLOWED_HOSTS or CSRF_TRUSTED_ORIGINS."
    )


def _is_ours(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
        name, scheme = parts.hostname, parts.scheme
    except ValueError:
        return False
    if not name or scheme not in ("http", "https"):
        return False
    name = f"[{name}]" if ":" in name else name
    allowed = settings.ALLOWED_HOSTS
    if settings.DEBUG and not allowed:
        allowed = DEVELOPMENT_HOSTS
    # "*" allows every host that this site is reached by, not every site.
    if validate_host(name, [pattern for pattern in allowed if pattern != "*"]):
        return True
    same = parts.netloc == host.lower()
    return (same and validate_host(name, allowed)) or _is_trusted(scheme, parts.netloc)


def _is_trusted(scheme: str, netloc: str) -> bool:
    trusted: Iterable[str] = settings.CSRF_TRUSTED_ORIGINS
    for known in trusted:
        parts = urlsplit(known.lower())
        if parts.scheme == scheme and is_same_domain(netloc, parts.netloc.lstrip("*")):
            return True
    return False


def _header(scope: Mapping[str, Any], name: bytes) -> str | None:
    headers: Iterable[tuple[bytes, bytes]] = scope.get("headers", ())
    for key, value in headers:
        if key.lower() == name:
            return value.decode("latin-1")
    return None
