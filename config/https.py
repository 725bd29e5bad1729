"""Under which names the site is served, and what follows from HTTPS, as production is."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .environment import Environment

HSTS_SECONDS = 30 * 24 * 3600
#: TLS ends at the proxy, which sets this header itself: see deploy/nginx.conf.
PROXY_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
#: A name, a name and all under it, an address, or any.
_HOST = re.compile(r"\.?[\w-]+(\.[\w-]+)*|\[[0-9a-fA-F:.]+\]|\*")


def hosts(env: Environment) -> list[str]:
    """ALLOWED_HOSTS; an address instead of a name is noted, as Django would never match it."""
    given = env.listing("ALLOWED_HOSTS")
    for host in given:
        if not _HOST.fullmatch(host):
            hint = "Write host names alone, as in site.example: no scheme, no port."
            env.note("config.E002", f"ALLOWED_HOSTS names {host!r}.", hint)
    return given


def origins(env: Environment) -> list[str]:
    """CSRF_TRUSTED_ORIGINS; one without its scheme is noted, as Django would never match it."""
    given = env.listing("CSRF_TRUSTED_ORIGINS")
    for origin in given:
        if urlsplit(origin).scheme not in ("http", "https"):
            hint = "Write each origin with its scheme, as in https://site.example."
            env.note("config.E002", f"CSRF_TRUSTED_ORIGINS names {origin!r}.", hint)
    return given
