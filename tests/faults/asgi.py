"""The topics' websocket, and beside it what one writes with plain Channels."""

from __future__ import annotations

import os
from typing import Any

import django
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.faults.settings")
django.setup()

from channels_celery import topics  # noqa: E402


class Naive(AsyncJsonWebsocketConsumer):
    """A member of a group, as in the tutorial of Channels: it is told what comes meanwhile."""

    async def connect(self) -> None:
        self.group = f"naive.{self.scope['url_route']['kwargs']['topic']}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def told(self, event: dict[str, Any]) -> None:
        await self.send_json({"mid": event["mid"]})

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)


# Django's stubs know only views; Channels' router takes ASGI applications.
_to: Any = path

application = ProtocolTypeRouter(
    {
        "websocket": URLRouter(
            [_to("ws/", topics.websocket), _to("naive/<str:topic>/", Naive.as_asgi())]
        )
    }
)
