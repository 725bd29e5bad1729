from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests import services
from tests.acceptance import readme
from tests.acceptance.readme import Project

#: Runs the README's consumer for one message and prints what it sends to its browser.
CONSUME = """
import asyncio, json
from channels.testing import WebsocketCommunicator
from shop.consumers import PhotoConsumer

async def main():
    browser = WebsocketCommunicator(PhotoConsumer.as_asgi(), "/")
    assert (await browser.connect())[0]
    await browser.send_json_to({"photo": 7})
    event = {"event": ""}
    while event["event"] != "job.succeeded":
        event = await browser.receive_json_from(timeout=30)
        print(json.dumps(event))
    await browser.disconnect()

asyncio.run(main())
"""
PEOPLE = """
from django.contrib.auth.models import User
from shop.models import Photo
ann = User.objects.create_superuser("ann", password="ann-s password")
Photo.objects.create(pk=7, owner=ann)
Photo.objects.create(pk=8, owner=User.objects.create_user("bob"))
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cc-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def project(folder: Path) -> Iterator[tuple[Project, str]]:
    """The README's project and its address, with the README's commands run in it."""
    with ExitStack() as stack:
        redis_port, _ = stack.enter_context(services.redis_server(folder))
        project = readme.start_project(folder, f"redis://127.0.0.1:{redis_port}/0")
        *first, serve, work = readme.commands(readme.blocks("sh")[1])
        for command in first:
            project.run(command)
        project.python(PEOPLE)
        port = services.free_port()
        stack.enter_context(project.running(f"{serve} --noreload {port}", until="Starting ASGI"))
        stack.enter_context(project.running(work, until="[queues]"))
        services.until(lambda: services.answers(port), what="web server")
        yield project, f"http://127.0.0.1:{port}"


@pytest.fixture
def ann(browser: Browser, project: tuple[Project, str]) -> Iterator[Page]:
    """A tab of somebody who has signed in; what the README calls `show` keeps what it is given."""
    context = browser.new_context(base_url=project[1])
    page = context.new_page()
    page.add_init_script("window.shown = []; window.show = (...event) => shown.push(event);")
    page.goto("/admin/login/?next=/photo/7/")
    page.fill("[name=username]", "ann")
    page.fill("[name=password]", "ann-s password")
    page.click("[type=submit]")
    page.wait_for_url("**/photo/7/")
    yield page
    context.close()


def shown(page: Page, job: str) -> list[tuple[str, dict[str, object]]]:
    """What was shown of this job, without what may be skipped; an earlier one may be shown too."""
    events = [(kind, data) for kind, data in page.evaluate("shown") if kind in DURABLE]
    return [(kind, data) for kind, data in events if data["job"] == job]


DURABLE = ("job.reply", "job.succeeded", "job.failed", "job.cancelled")


def wait_for_outcome(page: Page, job: str) -> None:
    services.until(
        lambda: any(kind == "job.succeeded" for kind, _ in shown(page, job)), what="job.succeeded"
    )


def test_first_lines_show_all_that_matters() -> None:
    top = "\n".join(readme.README.splitlines()[:30])

    for part in ("@channel_task(", "send(", "connect(", "make up", "make test"):
        assert part in top


@pytest.mark.parametrize("snippet", [0, 1], ids=["first example", "page with a position"])
def test_browser_snippet_shows_the_job_s_events(ann: Page, snippet: int) -> None:
    ann.add_script_tag(content=readme.blocks("js")[snippet], type="module")
    job = ann.evaluate("fetch('upload/').then(answer => answer.json())")["job"]
    wait_for_outcome(ann, job)

    mine = shown(ann, job)
    assert [kind for kind, _ in mine] == ["job.reply", "job.reply", "job.succeeded"]
    assert mine[0][1]["reply"] == {"size": 160, "url": "/media/7-160.webp"}
    assert mine[-1][1]["result"] == {"sizes": 2}
    snapshot = ann.evaluate(f"fetch('/jobs/{job}/').then(answer => answer.json())")
    assert snapshot["state"] == "succeeded"


def test_rule_keeps_a_photo_s_topic_to_its_owner(ann: Page) -> None:
    refusal = ann.evaluate(
        """async () => {
          const { connect } = await import("/static/channels_celery/client.js");
          const follow = (onError) => connect("/ws/").subscribe("photo.8", { onError });
          return (await new Promise(follow)).code;
        }"""
    )

    assert refusal == "denied"


def test_consumer_hears_of_its_job(project: tuple[Project, str]) -> None:
    events = [json.loads(line) for line in project[0].python(CONSUME).splitlines()]

    durable = [event for event in events if event["event"] in DURABLE]
    assert [event["event"] for event in durable] == ["job.reply", "job.reply", "job.succeeded"]
    assert {event["type"] for event in events} == {"job.event"}
    assert durable[-1]["result"] == {"sizes": 2}


def test_tests_of_a_project_need_no_broker_and_no_worker(project: tuple[Project, str]) -> None:
    nobody = f"REDIS_URL=redis://127.0.0.1:{services.free_port()}/0"
    said = project[0].run(f"{nobody} python manage.py test shop.tests")
    assert re.search(r"Found [1-9]\d* test", said)


def test_commands_of_the_site_do_what_they_say(folder: Path) -> None:
    services.need("redis", services.redis_program())
    services.need("curl", shutil.which("curl"))
    port = services.free_port()
    site = readme.clone_site(folder, port)
    Image.new("RGB", (400, 300), "teal").save(site.folder / "cat.jpg")
    up, test = readme.commands(readme.blocks("sh")[0])
    assert (up, test) == ("make up", "make test")
    upload, *others, worker = readme.commands(readme.blocks("sh")[2])

    with site.running(up, until="Ready: ") as log:
        assert f"http://127.0.0.1:{port}/" in log.read_text()
        (image,) = json.loads(site.run(on_port(upload, port)))["images"]
        assert image["name"] == "cat.jpg"
        with site.running(worker, until="[queues]"):
            for command in others:
                site.run(command)
        services.until(
            lambda: site.run(".venv/bin/python manage.py jobs list").count("succeeded") >= 2,
            what="thumbnails of the upload",
        )

    assert "stopped" in log.read_text()


def on_port(command: str, port: int) -> str:
    assert ":8000/" in command
    return command.replace(":8000/", f":{port}/")
