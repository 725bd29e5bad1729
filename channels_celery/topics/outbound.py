"""At-most-once messages through the channel layer: never waited for, dropped while it is away."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer

from channels_celery import loop, settings

logger = logging.getLogger("channels_celery.topics")

#: How long the layer has for one message.
SEND_SECONDS = 1.0
#: How long nothing is sent after a failure.
MUTE_SECONDS = 1.0
#: How long a program that ends waits for what it has not sent yet.
EXIT_SECONDS = 1.0

Send = Callable[[Any], Awaitable[None]]

#: By key, on the process's loop only: what has one key is sent in order, other keys beside it.
_waiting: dict[str, deque[Send]] = {}
_tasks: set[asyncio.Task[None]] = set()
_mute_until = 0.0
#: Whether this process has sent anything: else there is nothing to wait for at its end.
_used = False


def group_send(group: str, message: dict[str, Any]) -> None:
    """Send to a group of the layer, after what was sent to it before. Never raises or blocks."""
    _post(f"group {group}", lambda layer: layer.group_send(group, message))


def send(channel: str, message: dict[str, Any]) -> None:
    """Send to a channel of the layer, after what was sent to it before. Never raises or blocks."""
    _post(f"channel {channel}", lambda layer: layer.send(channel, message))


def _post(key: str, send: Send) -> None:
    global _used
    if time.monotonic() < _mute_until:
        return
    # RuntimeError: the interpreter is ending and starts no thread.
    with suppress(RuntimeError):
        _used = True
        loop.running().call_soon_threadsafe(_append, key, send)


def _append(key: str, send: Send) -> None:
    if (queue := _waiting.get(key)) is not None:
        queue.append(send)
        return
    _waiting[key] = deque([send])
    task = asyncio.get_running_loop().create_task(_drain(key))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _drain(key: str) -> None:
    queue = _waiting[key]
    try:
        layer = get_channel_layer(settings.current().LAYER)
        while queue and layer is not None and time.monotonic() >= _mute_until:
            await _send(key, queue.popleft(), layer)
    except Exception as error:  # noqa: BLE001 - it may be lost; its sender may not be harmed
        _mute(key, error)
    finally:
        del _waiting[key]


async def _send(key: str, send: Send, layer: Any) -> None:
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await send(layer)
    except (ChannelFull, TypeError) as error:
        # One reader that does not read, or a name that is none: the layer itself is well.
        logger.warning("%s: a message is dropped: %s", key, str(error) or "the channel is full")


def _mute(key: str, error: Exception) -> None:
    global _mute_until
    if time.monotonic() >= _mute_until:
        text = "%s: the channel layer failed (%s: %s); messages are dropped for %g s"
        logger.warning(text, key, type(error).__name__, error, MUTE_SECONDS)
    _mute_until = time.monotonic() + MUTE_SECONDS


def _finish() -> None:
    if not _used:
        return
    arrived = threading.Event()
    loop.running().call_soon_threadsafe(arrived.set)
    deadline = time.monotonic() + EXIT_SECONDS
    arrived.wait(EXIT_SECONDS)
    while _tasks and time.monotonic() < deadline:
        time.sleep(0.005)


def _forget() -> None:
    global _waiting, _tasks, _used
    _waiting, _tasks, _used = {}, set(), False


# Before the interpreter closes the thread pools: a host's name is looked up in one.
getattr(threading, "_register_atexit", atexit.register)(_finish)
os.register_at_fork(after_in_child=_forget)
