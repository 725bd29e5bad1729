from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from django.conf import settings

from .children import say

#: After so long without being ready, what is lacking is said once.
SLOW_SECONDS = 20.0
PACKAGES = ("channels_celery", "config", "realtime", "tasks")
#: Addresses that listen everywhere can not be asked themselves.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound
READY = """\
Ready: {site}
  {site}images/  upload images, watch their thumbnails appear
  {site}chat/    rooms: messages in order, through lost connections
  {site}echo/    what a websocket sends comes back
  {site}readyz   what runs
Ctrl-C stops everything."""


class Look:
    """Says once that the site is ready; calls `renew` whenever its code has changed."""

    def __init__(self, renew: Callable[[], None]) -> None:
        self._renew = renew
        self._ready = False
        self._slow_at = time.monotonic() + SLOW_SECONDS
        self._code = _code()

    def __call__(self) -> None:
        if not self._ready:
            self._announce(lacking())
        if (code := _code()) != self._code:
            self._code = code
            say("up", "the code has changed: web and workers start anew")
            self._renew()

    def _announce(self, missing: dict[str, str]) -> None:
        self._ready = not missing
        if self._ready:
            for line in READY.format(site=f"http://{settings.HOST}:{settings.PORT}/").splitlines():
                say("up", line)
        elif time.monotonic() > self._slow_at:
            self._slow_at = float("inf")
            say("up", "not ready yet: " + ", ".join(map(" ".join, missing.items())))


def lacking() -> dict[str, str]:
    """What `/readyz` says is not ok; empty once the site is ready."""
    host = _EVERYWHERE.get(settings.HOST, settings.HOST)
    name = settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"
    try:
        with closing(HTTPConnection(host, settings.PORT, timeout=3)) as connection:
            connection.request("GET", "/readyz", headers={"Host": name})
            report = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return {"web": "does not answer"}
    # Jobs that are stuck from before wait for the site, not it for them.
    ignored = {"jobs"} if settings.WORKERS else {"jobs", "workers"}
    return {part: text for part, text in report.items() if text != "ok" and part not in ignored}


def _code() -> dict[Path, int]:
    """When each module and template was last written."""
    if not settings.DEBUG:
        return {}
    files = [path for name in PACKAGES for path in (settings.BASE_DIR / name).rglob("*.*")]
    # An editor may replace a file between its listing and here.
    return {p: p.stat().st_mtime_ns for p in files if p.suffix in {".py", ".html"} and p.exists()}
