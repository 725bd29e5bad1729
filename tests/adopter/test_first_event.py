"""The README, done by somebody who has nothing but Python and a Redis, with a watch."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import Request, build_opener

import pytest
from websockets.asyncio.client import connect

from tests import services
from tests.acceptance import readme

from . import installed

BOUND_SECONDS = 300
#: What the README says is needed beside the package.
BESIDE = ("daphne", "channels-redis", "celery[redis]")
ANN = """
from django.contrib.auth.models import User
from django.test import Client
from shop.models import Photo
ann = User.objects.create_user("ann")
Photo.objects.create(pk=7, owner=ann)
browser = Client()
browser.force_login(ann)
print(browser.cookies["sessionid"].value)
"""
_open = build_opener().open


def test_first_live_event_comes_within_five_minutes_of_pip_install(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in BESIDE:
        assert f"`{name}`" in readme.README
    with tempfile.TemporaryDirectory(prefix="cc-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        wheel = installed.build(folder)
        began = time.monotonic()
        installed.run(sys.executable, "-m", "venv", folder / "own")
        programs = folder / "own/bin"
        installed.run(programs / "pip", "install", "--quiet", wheel, *BESIDE)
        ready = time.monotonic()
        event = first_event(folder, programs)
        seconds = time.monotonic() - began

    assert event["type"] in ("job.accepted", "job.started", "job.reply", "job.progress")
    assert event["data"]["channel"] == "thumbnailer"
    with capsys.disabled():
        print(f"\n{event['type']} after {seconds:.0f} s, pip's {ready - began:.0f} s in it")  # noqa: T201
    assert seconds < BOUND_SECONDS


def first_event(folder: Path, programs: Path) -> dict[str, Any]:
    """Start the README's project with its own commands and send its own job."""
    with ExitStack() as stack:
        redis_port, _ = stack.enter_context(services.redis_server(folder))
        url = f"redis://127.0.0.1:{redis_port}/0"
        project = readme.start_project(folder, url, programs)
        *first, serve, work = readme.commands(readme.blocks("sh")[1])
        for command in first:
            project.run(command)
        session = project.python(ANN).strip()
        port = services.free_port()
        stack.enter_context(project.running(f"{serve} --noreload {port}", until="Starting ASGI"))
        stack.enter_context(project.running(work, until="[queues]"))
        services.until(lambda: services.answers(port), what="web server")
        return asyncio.run(asyncio.wait_for(_followed(port, session), BOUND_SECONDS))


async def _followed(port: int, session: str) -> dict[str, Any]:
    cookie = {"Cookie": f"sessionid={session}"}
    upload = Request(f"http://127.0.0.1:{port}/photo/7/upload/", headers=cookie)
    url = f"ws://127.0.0.1:{port}/ws/"
    async with connect(url, additional_headers=cookie, proxy=None) as ws:
        await ws.send(json.dumps({"op": "subscribe", "id": "1", "topic": "photo.7"}))
        while (frame := json.loads(await ws.recv()))["op"] != "subscribed":
            assert frame["op"] == "welcome", frame
        await asyncio.to_thread(lambda: _open(upload, timeout=30).close())
        found: dict[str, Any] = json.loads(await ws.recv())
        return found
