from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

from channels.layers import channel_layers
from django.core.checks import CheckMessage, Error

from channels_celery import loop, settings

#: A doorbell is given a second; this is generous.
ANSWER_SECONDS = 3.0


def examine() -> Iterator[CheckMessage]:
    """The channel layer that carries doorbells: what goes to a group comes back."""
    alias = settings.current().LAYER
    if alias not in channel_layers.configs:
        # A check has said so.
        return
    coming = loop.submit(_there_and_back(channel_layers[alias]))
    try:
        coming.result(ANSWER_SECONDS)
    except Exception as error:  # noqa: BLE001 - each layer's driver has its own
        coming.cancel()
        why = str(error) or f"no answer within {ANSWER_SECONDS:g} s"
        yield Error(
            f"CHANNEL_LAYERS[{alias!r}] does not carry a message there and back: {why}",
            hint="Start its server, or mend its address. Until then events come with the sweep,"
            " seconds late, and reply channels hear nothing.",
            id="channels_celery.E045",
        )


async def _there_and_back(layer: Any) -> None:
    group = f"channels_celery.doctor.{secrets.token_hex(8)}"
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    try:
        await layer.group_send(group, {"type": "doctor"})
        await asyncio.wait_for(layer.receive(channel), ANSWER_SECONDS)
    finally:
        await layer.group_discard(group, channel)
