"""The composition in its other shapes: more of each, RabbitMQ, a WSGI server, behind TLS."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

from tests import services
from tests.compose import front
from tests.compose.composition import ROOT
from tests.compose.load import Talker, Uploader
from tests.compose.stack import Stack

DONE_SECONDS = 90.0
#: What needs both servers: a page and its upload, live events, a file that a view lets out.
ACCEPTANCE = (
    "tests/acceptance/test_images.py::test_thumbnails_of_three_photos_appear_without_reload"
)


def four_of_each_are_all_used(stack: Stack) -> None:
    for name in ("web", "worker"):
        stack.scale(name, 4)
    for web in stack.running["web"]:
        services.until(
            lambda it=web: front.status("/") == 200 and '"GET /"' in it.log.read_text(),  # type: ignore[misc]
            seconds=30,
            what=f"request at {web.name}",
        )
    logs = [worker.log for worker in stack.running["worker"]]
    before = [log.read_text().count("received") for log in logs]
    done(Uploader(front.ADDRESS, 40))
    taken = [log.read_text().count("received") - n for log, n in zip(logs, before, strict=True)]
    print(f"proof   | jobs of the 4 workers: {taken}", flush=True)  # noqa: T201
    assert all(taken), taken


def rabbitmq_carries_the_hints(stack: Stack) -> None:
    stack.change({"CELERY_BROKER_URL": "amqp://rabbitmq//"}, "rabbitmq")
    for worker in stack.running["worker"]:
        assert "Connected to amqp://guest:**@rabbitmq:5672//" in worker.log.read_text()
    done(Uploader(front.ADDRESS, 10))
    assert '"broker": "ok"' in read("/readyz")
    # Without the broker an upload is accepted, and done: the database has it.
    stack.running["rabbitmq"].pop().stop(signal.SIGKILL)
    uploader = Uploader(front.ADDRESS, 3)
    uploader.upload_all()
    assert uploader.states().total() == 3
    stack.scale("rabbitmq", 1)
    wait_done(uploader)


def plain_http_goes_to_wsgi(stack: Stack) -> None:
    stack.change({}, "wsgi")
    configuration = (stack.folder / "nginx.conf").read_text()
    split = configuration.replace("set $plain    web:8000;", "set $plain    wsgi:8000;")
    assert split != configuration
    # In place, as an editor that keeps the file's mount would; nginx reads it on SIGHUP.
    (stack.folder / "nginx.conf").write_text(split)
    os.kill(stack.running["nginx"][0].first_pid(), signal.SIGHUP)
    login = "/accounts/login/"
    services.until(
        lambda: front.status(login) == 200 and at(stack, "wsgi", f"GET {login}"), what="WSGI"
    )
    environment = {**os.environ, "RUNNING_SITE_PORT": str(front.PORT), "CI": "true"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ACCEPTANCE]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    talker = Talker(front.ADDRESS, 5)
    asyncio.run(asyncio.wait_for(talker.talk(5), 60))
    assert at(stack, "wsgi", "POST /images/ ")
    assert at(stack, "wsgi", "GET /images/")
    assert not at(stack, "web", '"GET /images/')
    assert not at(stack, "web", '"POST /')
    assert at(stack, "web", "/ws/")


def behind_tls_it_is_secure(stack: Stack) -> None:
    hosts = "site.example,127.0.0.1"
    stack.change({"HTTPS": "1", "ALLOWED_HOSTS": hosts}, "wsgi")
    plain, headers = front.answer_of(front.request("/images/"))
    assert (plain, headers["Location"]) == (301, f"https://{front.ADDRESS}/images/")
    assert front.status("/healthz") == 200
    secured = front.request("/images/", X_Forwarded_Proto="https", Host="site.example")
    status, headers = front.answer_of(secured)
    assert status == 200
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    given = headers.get_all("Set-Cookie", [])
    assert given
    assert all("Secure" in each for each in given), given
    # Only the whole word counts.
    assert front.status("/images/", X_Forwarded_Proto="https,http") == 301
    done(Uploader(front.ADDRESS, 2, scheme="https"))


def done(uploader: Uploader) -> None:
    """Upload all of it and wait for its thumbnails."""
    uploader.upload_all()
    wait_done(uploader)


def wait_done(uploader: Uploader) -> None:
    services.until(
        lambda: set(uploader.states()) == {"succeeded"}, seconds=DONE_SECONDS, what="thumbnails"
    )


def at(stack: Stack, name: str, line: str) -> bool:
    """Whether a container of this service has logged such a request."""
    return any(line in container.log.read_text() for container in stack.running[name])


def read(path: str) -> str:
    with front.open_(front.request(path), timeout=30) as answer:
        return str(answer.read().decode())


ALL = (
    four_of_each_are_all_used,
    rabbitmq_carries_the_hints,
    plain_http_goes_to_wsgi,
    behind_tls_it_is_secure,
)
