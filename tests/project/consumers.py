"""Channels consumers as a project has them for `runworker`: they know nothing of the library."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from channels.consumer import AsyncConsumer, SyncConsumer
from channels.db import database_sync_to_async
from django.contrib.contenttypes.models import ContentType

seen: list[str] = []


class Counter(AsyncConsumer):
    async def count_up(self, message: dict[str, Any]) -> None:
        await database_sync_to_async(ContentType.objects.count)()
        assert self.channel_layer is not None
        await self.channel_layer.group_send(message["group"], {"type": "counted", "by": "async"})


class SlowCounter(SyncConsumer):
    def count_up(self, message: dict[str, Any]) -> None:
        ContentType.objects.count()
        seen.append(message["group"])
        if len(seen) < message.get("until", 1):
            raise ConnectionError("not yet")
        assert self.channel_layer is not None
        answer = {"type": "counted", "by": "sync"}
        async_to_sync(self.channel_layer.group_send)(message["group"], answer)
