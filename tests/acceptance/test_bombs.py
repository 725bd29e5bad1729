"""Images that are weapons, before a real worker of each kind: each costs its own job only."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from tasks.thumbnailer import faults
from tests import services
from tests.acceptance.site import Site, inherited, running
from tests.unit.thumbnailer import bombs, pictures

#: More than a decode is given; what holds a job longer than this holds it for good.
DONE_SECONDS = 60.0
GOOD = 4
BOMBS = {
    "png": (bombs.png_65536, faults.TOO_LARGE),
    "webp": (bombs.webp, faults.TOO_LARGE),
    "avif": (bombs.avif, faults.TOO_LARGE),
    "gif": (bombs.gif_screen, faults.TOO_LARGE),
    "scans": (lambda: bombs.scans(20_000), faults.TOO_COMPLEX),
    "slow": (lambda: bombs.scans(80, 3_000), None),
    "frames": (bombs.gif_frames, None),
}
_open = build_opener(ProxyHandler({})).open


def posted(site: Site, files: dict[str, bytes]) -> str:
    """Upload all of them at once, as a program does; the session in which they are."""
    mark = b"--a-line-that-no-image-has"
    parts = [
        mark
        + b'\r\nContent-Disposition: form-data; name="image"; filename="%s"\r\n\r\n%s\r\n'
        % (name.encode(), data)
        for name, data in files.items()
    ]
    form = {"Content-Type": f"multipart/form-data; boundary={mark[2:].decode()}"}
    body = b"".join(parts) + mark + b"--\r\n"
    request = Request(f"{site.url}/images/", body, {"Accept": "application/json", **form})  # noqa: S310
    with _open(request, timeout=30) as answer:
        return str(answer.headers["Set-Cookie"]).split(";")[0]


def images(site: Site, cookie: str) -> dict[str, dict[str, object]]:
    headers = {"Accept": "application/json", "Cookie": cookie}
    with _open(Request(f"{site.url}/images/", headers=headers), timeout=30) as answer:  # noqa: S310
        return {image["name"]: image for image in json.load(answer)["images"]}


def under_way(site: Site) -> int:
    undone = "SELECT count(*) FROM channels_celery_job WHERE state NOT IN ('succeeded', 'failed')"
    with closing(sqlite3.connect(site.var_dir / "db.sqlite3", timeout=10)) as connection:
        return int(connection.execute(undone).fetchone()[0])


@contextmanager
def worker(site: Site, pool: str, log: Path) -> Iterator[None]:
    """A worker of that pool beside the site's own processes, of which none works."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-P", pool, "-c", "2"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=site.code,
            env={**inherited(), "VAR_DIR": str(site.var_dir), "DEBUG": "1"},
            stdout=output,
            stderr=output,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.skipif(sys.platform != "linux", reason="limits that Linux has")
def test_bombs_end_in_a_clear_failure_while_other_jobs_flow(site_folder: Path) -> None:
    files = {name: make() for name, (make, _) in BOMBS.items()}
    good = {f"good-{n}": pictures.photo(900 + n, 700) for n in range(GOOD)}
    with running(site_folder, WORKERS="0") as site:
        for number, pool in enumerate(["prefork", "threads", "solo"]):
            # Other bytes for each pool: what is known is not decoded again.
            salted = {name: data + bytes([number]) for name, data in {**files, **good}.items()}
            with worker(site, pool, site_folder / f"{pool}.log"):
                judged(site, posted(site, salted))


def judged(site: Site, cookie: str) -> None:
    # In the database: asking the site would take the time of those who work.
    services.until(lambda: not under_way(site), seconds=DONE_SECONDS, what="outcome of every image")
    ended = images(site, cookie)
    assert len(ended) == len(BOMBS) + GOOD
    for name, (_, sentence) in BOMBS.items():
        error = ended[name]["error"]
        assert error == (sentence and {"code": "failed", "message": sentence}), name
    assert all(ended[f"good-{n}"]["state"] == "succeeded" for n in range(GOOD))
