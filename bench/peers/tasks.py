from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from celery import shared_task
from channels.layers import get_channel_layer


@shared_task(ignore_result=True)
def answer(channel: str, n: int) -> None:
    """The hand-written glue: a task that answers its consumer."""
    layer: Any = get_channel_layer()
    async_to_sync(layer.send)(channel, {"type": "answered", "n": n})


@shared_task(ignore_result=True)
def nothing(n: int) -> None:
    """A task that nobody hears of."""
