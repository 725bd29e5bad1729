"""The whole way: from the choice of a photo to its thumbnail in the page, and a queue of photos."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.rows import Goal, Row
from tests import services
from tests.acceptance.chromium import launched
from tests.acceptance.gallery import Gallery
from tests.acceptance.site import Site, inherited, running

from . import glue

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 600.0
_SEEN = """([name, began]) => {
  const card = [...document.querySelectorAll('[data-part="card"]')]
    .find((card) => card.querySelector('[data-part="name"]')?.title === name);
  const picture = card?.querySelector('[data-part="picture"]');
  return picture?.dataset.wanted === picture?.getAttribute("src") && picture?.complete
    && picture.naturalWidth === 320 && performance.now() - began;
}"""


def rows(photo: Path, folder: Path, uploads: int, queued: int) -> list[Row]:
    seen = Row(
        what="upload of a 12 MP JPEG → visible, p50",
        unit="ms",
        goals=(Goal(at_most=300),),
    )
    many = Row(
        what=f"{queued} photos queued, 2 processes",
        unit="/s",
        goals=(Goal(against=glue.NAME, at_least=1),),
    )
    with running(folder / "seen") as site:
        for milliseconds in _seen(site, photo, folder, uploads):
            seen.add("ours", milliseconds)
    many.add(glue.NAME, queued / _glue_seconds(photo, folder, queued))
    with running(folder / "many", WORKERS="0") as site:
        many.add("ours", queued / _our_seconds(site, photo, folder, queued))
    return [seen, many]


def _seen(site: Site, photo: Path, folder: Path, uploads: int) -> Iterator[float]:
    """The first three are for the machine to get warm."""
    with launched() as browser, browser.new_context() as context:
        tab = Gallery(context, site.url)
        for number in range(uploads + 3):
            path = copy(photo, folder / f"upload-{number}.jpg", number)
            began = tab.page.evaluate("performance.now()")
            tab.upload(path)
            took = tab.page.wait_for_function(_SEEN, arg=[path.name, began], polling="raf")
            if number >= 3:
                yield float(took.json_value())
            tab.shows("succeeded", number + 1)


def copy(photo: Path, target: Path, number: int) -> Path:
    """The same photo in other bytes: what is known is not decoded again."""
    target.write_bytes(photo.read_bytes() + number.to_bytes(4, "big"))
    return target


def _our_seconds(site: Site, photo: Path, folder: Path, queued: int) -> float:
    with launched() as browser, browser.new_context() as context:
        tab = Gallery(context, site.url)
        for first in range(0, queued, 50):
            numbers = range(first, min(first + 50, queued))
            tab.upload(*(copy(photo, folder / f"photo-{n}.jpg", n) for n in numbers))
            tab.page.wait_for_function(
                "count => document.querySelectorAll('[data-state=queued]').length === count",
                arg=numbers[-1] + 1, timeout=1_000 * WAIT_SECONDS,
            )  # fmt: skip
    database = site.var_dir / "db.sqlite3"
    done = glue.Counter(
        database, "SELECT count(*) FROM channels_celery_job WHERE state='succeeded'"
    )
    with _worker("config", site.code, {"VAR_DIR": str(site.var_dir), "DEBUG": "1"}):
        return done.seconds_until(queued)


def _glue_seconds(photo: Path, folder: Path, queued: int) -> float:
    made = folder / "glue"
    made.mkdir()
    with services.redis_server(folder) as (port, _):
        environment = {"BENCH_REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        command = [sys.executable, "-m", "bench.images.glue", str(photo), str(made), str(queued)]
        subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=True)
        with _worker("bench.images.glue", ROOT, environment):
            seconds = glue.seconds_until(lambda: len(list(made.glob("*.done"))), queued)
    shutil.rmtree(made)
    return seconds


@contextmanager
def _worker(app: str, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "-c", "2", "-l", "ERROR"]
    process = subprocess.Popen(command, cwd=folder, env={**inherited(), **environment})
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)
