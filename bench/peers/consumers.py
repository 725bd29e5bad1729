from __future__ import annotations

from typing import Any

from channels.consumer import AsyncConsumer
from channels.generic.websocket import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from channels.layers import BaseChannelLayer

from . import tasks

#: The channel that `runworker` receives.
CHANNEL = "bench-answer"
GROUP = "bench"


class Answered(AsyncJsonWebsocketConsumer):
    """Passes the answer on to its browser."""

    async def answered(self, event: dict[str, Any]) -> None:
        await self.send_json({"n": event["n"]})


class Glue(Answered):
    async def receive_json(self, content: dict[str, Any], **_: Any) -> None:
        tasks.answer.delay(self.channel_name, content["n"])


class Bare(Answered):
    """Only the last of many tasks answers."""

    async def receive_json(self, content: dict[str, Any], **_: Any) -> None:
        if content.get("last"):
            tasks.answer.delay(self.channel_name, content["n"])
        else:
            tasks.nothing.delay(content["n"])


class ToWorker(Answered):
    async def receive_json(self, content: dict[str, Any], **_: Any) -> None:
        message = {"type": "answer", "channel": self.channel_name, "n": content["n"]}
        await _layer(self).send(CHANNEL, message)


class Worker(AsyncConsumer):
    """What `runworker` runs."""

    async def answer(self, message: dict[str, Any]) -> None:
        await _layer(self).send(message["channel"], {"type": "answered", "n": message["n"]})


class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(text_data=text_data, bytes_data=bytes_data)


class Group(AsyncWebsocketConsumer):
    """What one member sends reaches all, as in the chat of Channels' tutorial."""

    async def connect(self) -> None:
        await _layer(self).group_add(GROUP, self.channel_name)
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await _layer(self).group_send(GROUP, {"type": "told", "text": text_data})

    async def told(self, event: dict[str, Any]) -> None:
        await self.send(text_data=event["text"])

    async def disconnect(self, code: int) -> None:
        await _layer(self).group_discard(GROUP, self.channel_name)


def _layer(consumer: Any) -> BaseChannelLayer:
    layer: BaseChannelLayer = consumer.channel_layer
    return layer
