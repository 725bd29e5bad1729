"""The product's own consumers, as they were before."""

from __future__ import annotations

import json
from typing import Any

from asgiref.sync import async_to_sync
from channels.consumer import SyncConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer


class Floor(AsyncWebsocketConsumer):
    """A browser that hears what is said on the floor, over a channel layer."""

    async def connect(self) -> None:
        await self.accept()
        await self.channel_layer.group_add("floor", self.channel_name)
        user = self.scope["user"]
        await self.send(json.dumps({"user": str(user), "channel": self.channel_name}))

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard("floor", self.channel_name)

    async def floor_say(self, event: dict[str, Any]) -> None:
        await self.send(json.dumps({"text": event["text"]}))


class Machines(Floor):
    """The same over the layer between machines."""

    channel_layer_alias = "machines"


class Labels(SyncConsumer):
    """Ran under `runworker labels`; tells the browser that asked."""

    def label_print(self, message: dict[str, Any]) -> None:
        layer = get_channel_layer()
        assert layer
        printed = {"type": "floor.say", "text": f"label {message['text']}"}
        async_to_sync(layer.send)(message["to"], printed)
