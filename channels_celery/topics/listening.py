from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings as django_settings
from django.utils.module_loading import import_string

from channels_celery import settings

from . import doorbell
from .doorbell import Bell
from .rechecking import Recheck, word_of

logger = logging.getLogger("channels_celery.topics")

#: The layer may forget a membership (a flush, its own expiry): each is told again so often.
JOIN_AGAIN_SECONDS = 30.0
#: How long the layer has for one join.
JOIN_SECONDS = 5.0
#: After an error.
PAUSE_SECONDS = 1.0
#: How soon a task that goes on is cancelled again.
CANCEL_SECONDS = 0.1


class Listening:
    """A hub's ear at the channel layer: the groups it has joined, and their doorbells.

    Groups are joined with their first topic and never left. Nobody waits for a join: `joined` is
    told, and a sweep finds what was rung before it.
    """

    def __init__(
        self, hear: Callable[[Bell | Recheck], None], joined: Callable[[str], None]
    ) -> None:
        self._hear = hear
        self._joined = joined
        self._wanted: set[str] = set()
        self._member_of: set[str] = set()
        self._wake = asyncio.Event()
        self._silent = False

    def want(self, group: str) -> None:
        if group not in self._wanted:
            self._wanted.add(group)
            self._wake.set()

    async def run(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever a layer raises, it is asked again
                if not self._silent:
                    logger.warning("the channel layer failed (%r); events come by the sweep", error)
                self._silent = True
            self._member_of.clear()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self) -> None:
        """Join and hear on a new channel until the layer fails."""
        # The first sockets wait on this loop: a second of imports is not for it.
        await asyncio.to_thread(_import_layers)
        layer: Any = get_channel_layer(settings.current().LAYER)
        if layer is None:
            raise LookupError(f"CHANNEL_LAYERS has no alias {settings.current().LAYER!r}")
        channel = await layer.new_channel()
        tasks = {
            asyncio.ensure_future(self._receive(layer, channel)),
            asyncio.ensure_future(self._join(layer, channel)),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(tasks)
        for task in done:
            task.result()

    async def _receive(self, layer: Any, channel: str) -> None:
        while True:
            message = await layer.receive(channel)
            for bell in doorbell.heard(message):
                self._hear(bell)
            if (word := word_of(message)) is not None:
                self._hear(word)
            # A layer with much in store doesn't yield by itself.
            await asyncio.sleep(0)

    async def _join(self, layer: Any, channel: str) -> None:
        while True:
            self._wake.clear()
            for group in self._wanted - self._member_of:
                async with asyncio.timeout(JOIN_SECONDS):
                    await layer.group_add(group, channel)
                self._member_of.add(group)
                self._joined(group)
            self._silent = False
            if self._wanted <= self._member_of:
                try:
                    async with asyncio.timeout(JOIN_AGAIN_SECONDS):
                        await self._wake.wait()
                except TimeoutError:
                    self._member_of.clear()


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel them until they have ended."""
    # Python 3.11's asyncio.wait_for, in which redis-py sends, loses most cancellations that come
    # during a send: https://github.com/python/cpython/issues/86296. A task cancelled once may go
    # on for ever, and a hub that waited for it would stay deaf.
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=CANCEL_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)


def _import_layers() -> None:
    for known in django_settings.CHANNEL_LAYERS.values():
        import_string(str(known["BACKEND"]))
