"""Channels consumers as background channels: what `runworker` did, with retries and outcomes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from types import new_class
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from channels_celery.errors import BadMessage, BadOption, NotSupported

from . import bridge, options, registry
from .deaf_layer import DeafLayer
from .registry import ChannelHandler


def channel_consumer(name: str, consumer: Any, **given: Any) -> None:
    """Make a Channels consumer, sync or async, the handler of a background channel, unchanged.

    `consumer` is the class, or what its `as_asgi()` returned. Each message gets an instance of its
    own and calls the method that its `type` names; an error there is a failed attempt. The options
    are those of `channel_task`. Raises BadOption for what is no consumer.
    """
    registry.check_name(name)
    chosen = options.read(name, given)
    found = getattr(consumer, "consumer_class", consumer)
    if not isinstance(found, type) or not issubclass(found, AsyncConsumer):
        raise BadOption(
            f"channel {name!r}: {consumer!r} is no Channels consumer; expected a class that extends"
            " SyncConsumer or AsyncConsumer."
        )
    make = partial(_deaf(found), **getattr(consumer, "consumer_initkwargs", {}))

    def handle(job: Any, message: Any) -> None:
        bridge.complete(_deliver(name, make, message))

    update_wrapper(handle, found, updated=())
    registry.add(ChannelHandler(name, handle, chosen, check_type))


def check_type(message: dict[str, Any]) -> None:
    """Refuse a message from which no consumer could tell its method."""
    kind = message.get("type")
    if not isinstance(kind, str) or not kind or kind.startswith(("_", ".")):
        raise BadMessage(
            f'message["type"]: {kind!r} names no method; a consumer needs one, as in'
            ' {"type": "make.thumbnails"} for `def make_thumbnails(self, message)`'
        )


def _deaf(consumer: type[AsyncConsumer]) -> type[AsyncConsumer]:
    """The same consumer, whose channel layer hears nothing."""
    own = {"__module__": consumer.__module__, "__qualname__": consumer.__qualname__}
    return new_class(
        consumer.__name__,
        (consumer,),
        exec_body=lambda body: body.update(own, channel_layer=_Deafened()),
    )


class _Deafened:
    """The attribute `channel_layer`: the layer that Channels sets there is wrapped."""

    def __get__(self, consumer: Any, owner: type | None = None) -> Any:
        return vars(consumer).get("channel_layer") if consumer is not None else None

    def __set__(self, consumer: Any, layer: Any) -> None:
        vars(consumer)["channel_layer"] = None if layer is None else DeafLayer(layer)


async def _deliver(name: str, make: Callable[[], AsyncConsumer], message: Any) -> None:
    """Make a consumer, give it its one message and end it after that."""
    messages = [message]

    async def receive() -> Any:
        if not messages:
            raise StopConsumer
        return messages.pop()

    consumer = make()
    try:
        application: Any = consumer
        await application({"type": "channel", "channel": name}, receive, _no_client)
    finally:
        if isinstance(consumer.channel_layer, DeafLayer):
            consumer.channel_layer.end()


async def _no_client(message: Any) -> None:
    raise NotSupported(
        "self.send(): a background channel has no client. Send to a channel by"
        " `self.channel_layer.send(...)`, to a group, or publish on a topic."
    )
