"""The process that publishes: one command a line on its input, one answer a line."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.faults.settings")
django.setup()

from asgiref.sync import async_to_sync  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client as Browser  # noqa: E402

from channels_celery import topics  # noqa: E402
from channels_celery.database import session  # noqa: E402
from channels_celery.topics import trimming  # noqa: E402
from channels_celery.topics.models import Event  # noqa: E402

TRIM_SECONDS = 5.0
_browsers: dict[str, Browser] = {}


class _Undone(Exception):
    pass


def migrate() -> None:
    call_command("migrate", verbosity=0)


def publish(topic: str, mids: list[str], naive: bool, size: int) -> None:
    """One after the other, each committed by itself."""
    for mid in mids:
        topics.publish(topic, "message", _data(size), key=mid)
        if naive:
            _tell(topic, mid)


def publish_together(topic: str, mids: list[str], naive: bool, size: int) -> None:
    with transaction.atomic():
        publish(topic, mids, naive, size)


def publish_undone(topic: str, mids: list[str], naive: bool, size: int) -> None:
    """In a transaction that fails at its end."""
    try:
        with transaction.atomic():
            publish(topic, mids, naive, size)
            raise _Undone
    except _Undone:
        pass


def publish_and_die(topic: str, mids: list[str], naive: bool, size: int) -> None:
    """Die after the commit and before the events are numbered."""
    with transaction.atomic():
        transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
        publish(topic, mids, naive, size)


def _data(size: int) -> dict[str, Any]:
    return {"sent": time.time(), "text": "x" * size}


def _tell(topic: str, mid: str) -> None:
    layer: Any = get_channel_layer()
    try:
        async_to_sync(layer.group_send)(f"naive.{topic}", {"type": "told", "mid": mid})
    except Exception as error:  # noqa: BLE001 - the peer's own trouble, which is looked at later
        sys.stderr.write(f"group_send: {error!r}\n")


def log(topic: str) -> dict[str, Any]:
    """The log as the database has it, read by none of the code under test."""
    events = Event.objects.filter(topic=topic, seq__isnull=False)
    return {
        "mids": list(events.order_by("seq").values_list("seq", "mid")),
        "unnumbered": Event.objects.filter(topic=topic, seq__isnull=True).count(),
    }


def trim() -> None:
    """Forget what the rules do not keep."""
    with session() as current:
        trimming.trim(current, "", TRIM_SECONDS)


def sign_in(name: str) -> dict[str, str]:
    user, _ = User.objects.get_or_create(username=name)
    browser = _browsers[name] = Browser()
    browser.force_login(user)
    key = browser.cookies["sessionid"].value
    return {"visitor": f"u{user.pk}", "cookie": f"sessionid={key}"}


def sign_out(name: str) -> None:
    _browsers[name].logout()


COMMANDS: dict[str, Callable[..., Any]] = {
    command.__name__: command
    for command in (
        migrate, publish, publish_together, publish_undone, publish_and_die, log, trim, sign_in,
        sign_out,
    )
}  # fmt: skip


def main() -> None:
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"done": COMMANDS[command.pop("do")](**command)}
        except Exception as error:  # noqa: BLE001 - the caller decides what it means
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
