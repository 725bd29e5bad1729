from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from channels_celery.errors import NotSupported

#: Made like a socket's own channel name, but nobody receives there.
PREFIX = "specific.channels_celery!"


class DeafLayer:
    """A channel layer as the consumer of a background channel has it: it sends, and hears nothing.

    A Channels consumer also listens on a channel of its own. One that lives for a single message
    would hear nothing there, yet cost a subscription each time, so its first `new_channel` and the
    `receive` from it never reach the layer. Everything else does.
    """

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._own: str | None = None
        self._silence = asyncio.get_running_loop().create_future()

    async def new_channel(self, *args: Any) -> str:
        """The consumer's own name first; then channels of the layer."""
        if self._own is None:
            self._own = PREFIX + uuid4().hex
            return self._own
        return str(await self._layer.new_channel(*args))

    async def receive(self, channel: str) -> Any:
        """Wait for ever on the consumer's own channel; else as the layer does."""
        if channel == self._own:
            return await self._silence
        return await self._layer.receive(channel)

    async def group_add(self, group: str, channel: str) -> Any:
        """Add a channel as the layer does; the consumer's own can be in no group."""
        if channel == self._own:
            raise NotSupported(
                f"group_add({group!r}, self.channel_name): the consumer of a background channel"
                " ends with its message and would hear nothing of the group."
            )
        return await self._layer.group_add(group, channel)

    def end(self) -> None:
        """End the wait on the consumer's own channel."""
        self._silence.cancel()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._layer, name)
