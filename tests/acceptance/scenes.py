"""States of the site that take some staging: of images, of errors, and of pages without scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.acceptance.chatting import run
from tests.acceptance.gallery import Gallery, worker_held
from tests.acceptance.site import Site
from tests.acceptance.waits import away, live
from tests.unit.thumbnailer import pictures

Stops = Iterator[tuple[str, Page]]

#: What a worker would tell of the jobs given, one state each.
TELL = """
import sys, time, django
django.setup()
from channels_celery import topics
topic, running, retrying, failed, cancelled = sys.argv[1:]
def about(job, **more):
    common = {"channel": "thumbnailer", "fence": 1, "attempt": 1, "max_attempts": 5}
    return {"job": job, **common, **more}
next_at = int(time.time() * 1000) + 100_000
error = {"code": "internal", "message": "The work failed."}
topics.publish(topic, "job.retrying", about(retrying, attempt=2, error=error, next_at=next_at))
topics.publish(topic, "job.failed", about(failed, error=error))
topics.publish(topic, "job.cancelled", about(cancelled))
# Not whispered, as a worker would: a whisper may be lost.
topics.publish(topic, "job.progress", about(running, progress=[1, 4]))
"""
#: The pages that a site shows its visitors when DEBUG is off, by status.
ERRORS = """
import json, django
django.setup()
from django.http import Http404
from django.test import RequestFactory
from django.views import defaults
request = RequestFactory().get("/nowhere/")
answers = (
    defaults.bad_request(request, None),
    defaults.page_not_found(request, Http404()),
    defaults.server_error(request),
)
print(json.dumps({answer.status_code: answer.content.decode() for answer in answers}))
"""
#: How the names of states without scripts begin.
PLAIN = "plain-"
#: Bytes a second: an upload of a few hundred kilobytes takes its time.
SLOW = 20_000


def images(context: BrowserContext, site: Site, folder: Path) -> Stops:
    tab = Gallery(context, site.url)
    yield "images-empty", tab.page
    yield from _uploading(tab, folder)
    yield from _working(tab, site, folder)
    tab.page.get_by_role("button", name="Sizes of").first.click()
    tab.page.wait_for_function("() => document.querySelector('dialog img').naturalWidth")
    yield "images-viewer", tab.page
    tab.page.keyboard.press("Escape")
    film = folder / "a-film.jpg"
    film.write_bytes(bytes(26 * 1024 * 1024))
    tab.upload(film)
    tab.shows("refused", 1)
    yield "images-refused", tab.page
    with away(tab.page):
        tab.upload(*photos(folder, "offline", 1))
        tab.shows("unsent", 1)
        yield "images-offline", tab.page
    tab.shows("unsent", 0)


def _uploading(tab: Gallery, folder: Path) -> Stops:
    line = tab.page.context.new_cdp_session(tab.page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
    line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": SLOW})
    tab.upload(*photos(folder, "slow", 5))
    tab.shows("uploading", 3)
    tab.shows("waiting", 2)
    yield "images-uploading", tab.page
    for button in tab.page.get_by_role("button", name="Cancel the upload of").all()[::-1]:
        button.click()
    tab.shows("uploading", 0)
    line.detach()


def _working(tab: Gallery, site: Site, folder: Path) -> Stops:
    broken = folder / "a-broken-photo-with-a-rather-long-name.jpg"
    broken.write_text("This is no photo.")
    with worker_held(site):
        tab.upload(broken, *photos(folder, "photo", 5))
        tab.shows("queued", 6)
        yield "images-queued", tab.page
        known = tab.page.request.get("/images/", headers={"Accept": "application/json"}).json()
        run(site, TELL, known["images"][0]["topic"], *(it["job"] for it in known["images"][:4]))
        for state in ("running", "retrying", "failed", "cancelled"):
            tab.shows(state, 1)
        yield "images-working", tab.page
    tab.shows("succeeded", 5)
    tab.shows("failed", 1)
    yield "images", tab.page


def photos(folder: Path, name: str, count: int) -> list[Path]:
    """Photos that nobody else has uploaded."""
    paths = [folder / f"{name}-{number}.jpg" for number in range(1, count + 1)]
    for number, path in enumerate(paths):
        photo = pictures.photo(1200 + 300 * number, 1300 - 100 * number)
        path.write_bytes(photo + name.encode() * 20_000)
    return paths


def errors(page: Page, site: Site) -> Stops:
    """In the place of a page of the site, which with DEBUG has Django's own for them."""
    for status, body in json.loads(run(site, ERRORS)).items():
        page.goto("/healthz")
        page.set_content(body)
        live(page)
        yield f"error-{status}", page


def without_scripts(page: Page, folder: Path) -> Stops:
    page.goto("/images/")
    page.set_input_files("#files", photos(folder, "plain", 2))
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("button", name="Remove plain-1.jpg")).to_be_visible()
    for name, path in (("images", "/images/"), ("chat", "/chat/lobby/"), ("echo", "/echo/")):
        page.goto(path)
        yield f"{PLAIN}{name}", page
