"""What follows from being served over HTTPS, as production is unless HTTPS=0."""

from __future__ import annotations

from urllib.parse import urlsplit

from .environment import Environment

HSTS_SECONDS = 30 * 24 * 3600
#: TLS ends at the proxy, which sets this header itself: see deploy/nginx.conf.
PROXY_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def origins(env: Environment) -> list[str]:
    """CSRF_TRUSTED_ORIGINS; one without its scheme is noted, as Django would never match it."""
    given = env.listing("CSRF_TRUSTED_ORIGINS")
    for origin in given:
        if urlsplit(origin).scheme not in ("http", "https"):
            hint = "Write each origin with its scheme, as in https://site.example."
            env.note("config.E002", f"CSRF_TRUSTED_ORIGINS names {origin!r}.", hint)
    return given
