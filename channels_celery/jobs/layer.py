from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from channels.layers import InMemoryChannelLayer, channel_layers

from channels_celery.errors import BadOption, NotSupported

from . import registry
from .send import asend

logger = logging.getLogger(__name__)

#: Unknown names that were logged: a typing error in a loop is told once.
_MOST_NAMES = 1000


class CeleryChannelLayer:
    """A channel layer in which registered names are background channels.

    A message to one of them is accepted as by `asend`, its `topic` and `reply_channel` serving as
    options; everything else goes to the layer `inner` untouched.
    """

    def __init__(self, inner: str) -> None:
        self._inner = inner
        self._told: set[str] = set()
        #: Where messages are received, as far as known.
        self._reader: asyncio.AbstractEventLoop | None = None

    async def send(self, channel: str, message: Any) -> None:
        if channel in registry.channels():
            options = message if isinstance(message, dict) else {}
            await asend(
                channel,
                message,
                topic=options.get("topic"),
                reply_channel=options.get("reply_channel"),
            )
            return
        self._tell_unknown(channel)
        await self._pass_on(lambda layer: layer.send(channel, message))

    async def group_send(self, group: str, message: Any) -> None:
        await self._pass_on(lambda layer: layer.group_send(group, message))

    async def receive(self, channel: str) -> Any:
        """Wait for a message as the inner layer does; a background channel has no receiver."""
        if channel in registry.channels():
            raise NotSupported(
                f"receive({channel!r}): a background channel is received by Celery workers;"
                " start `celery worker` instead of `runworker`."
            )
        self._reader = asyncio.get_running_loop()
        return await self._layer().receive(channel)

    async def group_add(self, group: str, channel: str) -> Any:
        """Add a channel to a group as the inner layer does; no background channel can be in one."""
        if channel in registry.channels():
            raise NotSupported(
                f"group_add({group!r}, {channel!r}): what is sent to a group would pass the"
                " background channel by; send to it by name."
            )
        return await self._layer().group_add(group, channel)

    def __getattr__(self, name: str) -> Any:
        # Private names are asked for before __init__ has run, when a layer is copied.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._layer(), name)

    async def _pass_on(self, send: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        """Channels' layer in memory wakes a receiver only from its own loop (asyncio's queues)."""
        layer, reader = self._layer(), self._reader
        if isinstance(layer, InMemoryChannelLayer) and reader is not None and reader.is_running():
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(send(layer), reader))
        else:
            await send(layer)

    def _layer(self) -> Any:
        if self._inner not in channel_layers:
            raise BadOption(
                f'CHANNEL_LAYERS has no {self._inner!r}, which CeleryChannelLayer names as "inner".'
            )
        return channel_layers[self._inner]

    def _tell_unknown(self, channel: str) -> None:
        if "!" in str(channel) or channel in self._told or len(self._told) >= _MOST_NAMES:
            return
        self._told.add(channel)
        near = registry.nearest(channel)
        logger.warning(
            "%r is no background channel%s; the message goes to the channel layer %r,"
            " which drops it when nobody receives there.",
            channel,
            f" (did you mean {near!r}?)" if near else "",
            self._inner,
        )
