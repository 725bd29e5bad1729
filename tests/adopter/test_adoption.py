"""The library in a product that was there before, at both ends of what is supported.

`product/` has apps labelled `tasks` and `realtime`, a root `tasks.py`, users with UUID keys,
ATOMIC_REQUESTS, a replica that lags for ever and a router that reads from it, a Celery app with
acks_late, results and routes, two channel layers, a WSGI server, and tests with eager Celery.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.acceptance.readme import Project

from . import installed
from .running import Running, product, running

WAIT_SECONDS = 30
PACKED = "1:acme:00-acme-01;2:acme:00-acme-01;"
NOTED = """
from crm.tasks.models import Order
print(Order.objects.using("default").get(pk={pk}).packed)
"""
QUEUES = """
from crm import celery_app
(queues,) = celery_app.control.inspect(timeout=10).active_queues().values()
print(sorted(queue["name"] for queue in queues))
"""
RESULTS = """
from crm.tasks.tasks import add
result = add.delay(2, 3)
print(result.get(timeout=30), result.queue, result.state)
"""


@pytest.fixture(
    scope="module",
    params=[
        # One environment, and what runs in it, for one process of the tests.
        pytest.param(each, id=each.name, marks=pytest.mark.xdist_group(each.name))
        for each in (installed.LOWEST, installed.NEWEST)
    ],
)
def project(request: pytest.FixtureRequest) -> Iterator[Project]:
    with tempfile.TemporaryDirectory(prefix="cc-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        programs = installed.make(folder, request.param, *installed.TOOLS)
        with product(folder, programs, request.param) as made:
            assert made.run("django-admin --version").startswith(request.param.version)
            yield made


@pytest.fixture(scope="module")
def crm(project: Project) -> Iterator[Running]:
    with running(project) as at_work:
        yield at_work


def test_checks_and_migrations_are_clean(project: Project) -> None:
    project.run("python manage.py check --fail-level WARNING")
    project.run("python manage.py makemigrations --check --dry-run")


def test_its_own_tests_pass_with_its_jobs_in_them(project: Project) -> None:
    said = project.run("python manage.py test --settings crm.settings_for_tests")
    assert re.search(r"Found [1-9]\d* test", said)


def test_its_code_is_strictly_typed(project: Project) -> None:
    project.run("python -m mypy crm")


def test_its_tasks_and_queues_are_as_before(crm: Running) -> None:
    assert crm.python(QUEUES) == "['background', 'crm']"
    assert crm.python(RESULTS) == "5 crm SUCCESS"


async def test_its_groups_and_layers_are_as_before(crm: Running) -> None:
    async with heard(crm, "floor/") as (floor, hello), heard(crm, "machines/") as (machines, _):
        assert hello["user"] == "ann"
        await asyncio.to_thread(crm.get, f"/tell/?to={hello['channel']}")
        said = {(await next_of(floor))["text"] for _ in range(2)}
        # The second was printed by what ran under `runworker`, unchanged.
        assert said == {"group", "label 42"}
        assert await next_of(machines) == {"text": "machines"}


async def test_order_sent_under_wsgi_is_followed_in_the_browser(crm: Running) -> None:
    made = await asyncio.to_thread(crm.get, "/orders/")
    async with socket(crm, "ws/") as ws:
        assert (await next_of(ws))["op"] == "welcome"
        follow = {"op": "subscribe", "id": "s", "topic": f"order.{made['order']}"}
        await ws.send(json.dumps(follow))
        events = [event async for event in durable(ws)]

    assert [event["type"] for event in events] == ["job.retrying", "job.reply", "job.succeeded"]
    assert events[1]["data"]["reply"] == {"box": 7}
    assert {event["data"]["job"] for event in events} == {made["job"]}
    # The same for any program that can read lines.
    assert '"type":"job.succeeded"' in await asyncio.to_thread(crm.stream, f"order.{made['order']}")
    # Neither its state nor its rule is asked of the replica, which has never heard of it.
    snapshot = await asyncio.to_thread(crm.get, f"/jobs/{made['job']}/")
    assert (snapshot["state"], snapshot["result"]) == ("succeeded", {"order": made["order"]})
    # Each run's hint carried the sender's tenant and trace.
    assert await asyncio.to_thread(crm.python, NOTED.format(pk=made["order"])) == PACKED


def test_request_that_fails_leaves_no_job(crm: Running) -> None:
    count = "from channels_celery.models import Job\nprint(Job.objects.using('default').count())"
    before = crm.python(count)
    with pytest.raises(HTTPError, match="500"):
        crm.get("/orders/?break=1")

    assert crm.python(count) == before


@asynccontextmanager
async def socket(crm: Running, path: str) -> AsyncIterator[ClientConnection]:
    url = f"ws://127.0.0.1:{crm.asgi_port}/{path}"
    headers = {"Cookie": crm.cookie}
    async with connect(url, additional_headers=headers, proxy=None) as opened:
        yield opened


@asynccontextmanager
async def heard(crm: Running, path: str) -> AsyncIterator[tuple[ClientConnection, dict[str, Any]]]:
    """One of its own sockets, and what it says first."""
    async with socket(crm, path) as opened:
        yield opened, await next_of(opened)


async def next_of(ws: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await asyncio.wait_for(ws.recv(), WAIT_SECONDS))
    return found


async def durable(ws: ClientConnection) -> AsyncIterator[dict[str, Any]]:
    """A topic's logged events, up to an outcome."""
    while True:
        frame = await next_of(ws)
        for event in frame.get("events", [frame]):
            if "seq" in event and "type" in event:
                yield event
                if event["type"] == "job.succeeded":
                    return
