from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.consumer import AsyncConsumer, SyncConsumer
from channels.layers import InMemoryChannelLayer, get_channel_layer

from channels_celery import channel_consumer
from channels_celery.errors import BadMessage, BadOption, NotSupported
from channels_celery.jobs import registry, request

heard: list[Any] = []


class Plain(AsyncConsumer):
    """What a project runs by `runworker` today."""

    word = "hello"

    def __init__(self, word: str | None = None) -> None:
        self.word = word or self.word

    async def say_hello(self, message: dict[str, Any]) -> None:
        thread = await sync_to_async(threading.get_ident)()
        heard.append((self.word, message["n"], self.scope, thread))

    async def say_back(self, message: dict[str, Any]) -> None:
        assert self.channel_layer is not None
        await self.channel_layer.send(message["to"], {"type": "answer", "n": message["n"]})

    async def ask(self, message: dict[str, Any]) -> None:
        layer: Any = self.channel_layer
        name = await layer.new_channel("specific.answers")
        await layer.send(name, {"type": "answer"})
        heard.append(await layer.receive(name))

    async def join_group(self, message: dict[str, Any]) -> None:
        assert self.channel_layer is not None
        await self.channel_layer.group_add("room", self.channel_name)

    async def break_down(self, message: dict[str, Any]) -> None:
        raise LookupError(message["n"])

    async def say_to_the_client(self, message: dict[str, Any]) -> None:
        await self.send({"type": "websocket.send", "text": "hi"})


class Blocking(SyncConsumer):
    def say_hello(self, message: dict[str, Any]) -> None:
        heard.append(("sync", message["n"], self.scope, threading.get_ident()))

    def say_back(self, message: dict[str, Any]) -> None:
        assert self.channel_layer is not None
        async_to_sync(self.channel_layer.send)(message["to"], {"type": "answer", "n": message["n"]})


@pytest.fixture(autouse=True)
def layer() -> Any:
    heard.clear()
    return get_channel_layer()


def run(channel: str, message: dict[str, Any]) -> None:
    """Run a message as an attempt does, in this thread."""
    request.prepare(channel, message)
    registry.get(channel).function(None, message)


@pytest.mark.parametrize("consumer", [Plain, Blocking])
def test_consumer_gets_its_message_on_the_handlers_thread(consumer: Any) -> None:
    channel_consumer("greeter", consumer)
    run("greeter", {"type": "say.hello", "n": 1})
    run("greeter", {"type": "say.hello", "n": 2})
    scope = {"type": "channel", "channel": "greeter"}
    assert [(n, seen, thread) for _, n, seen, thread in heard] == [
        (n, scope, threading.get_ident()) for n in (1, 2)
    ]


def test_asgi_form_keeps_its_arguments() -> None:
    channel_consumer("greeter", Plain.as_asgi(word="bonjour"))
    run("greeter", {"type": "say.hello", "n": 1})
    assert heard[0][0] == "bonjour"


@pytest.mark.parametrize("consumer", [Plain, Blocking])
def test_consumer_sends_over_its_layer_and_listens_to_nothing(
    consumer: Any, layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def receive(self: Any, channel: str) -> Any:
        raise AssertionError("a consumer of one message listens on its own channel")

    to = async_to_sync(layer.new_channel)()
    channel_consumer("greeter", consumer)
    with monkeypatch.context() as patched:
        patched.setattr(InMemoryChannelLayer, "receive", receive)
        run("greeter", {"type": "say.back", "to": to, "n": 3})
    assert async_to_sync(layer.receive)(to) == {"type": "answer", "n": 3}


def test_consumer_receives_on_channels_that_it_makes() -> None:
    channel_consumer("greeter", Plain)
    run("greeter", {"type": "ask"})
    assert heard == [{"type": "answer"}]


def test_error_of_the_consumer_is_the_handlers() -> None:
    channel_consumer("greeter", Plain)
    with pytest.raises(LookupError, match="7"):
        run("greeter", {"type": "break.down", "n": 7})
    with pytest.raises(ValueError, match="No handler for message type nothing"):
        run("greeter", {"type": "nothing"})


def test_what_has_no_meaning_is_refused_in_words() -> None:
    channel_consumer("greeter", Plain)
    with pytest.raises(NotSupported, match="hear nothing of the group"):
        run("greeter", {"type": "join.group"})
    with pytest.raises(NotSupported, match="has no client"):
        run("greeter", {"type": "say.to.the.client"})


def test_nothing_is_left_on_the_loop() -> None:
    from channels_celery import loop

    async def tasks() -> set[asyncio.Task[Any]]:
        await asyncio.sleep(0)
        gc.collect()
        return asyncio.all_tasks() - {asyncio.current_task()}

    # Other tests of this process may have left theirs.
    before = loop.submit(tasks()).result(5)
    channel_consumer("greeter", Plain)
    run("greeter", {"type": "say.hello", "n": 1})

    assert loop.submit(tasks()).result(5) - before == set()


@pytest.mark.parametrize("message", [{}, {"type": None}, {"type": ""}, {"type": "_private"}])
def test_message_that_names_no_method_is_refused_when_it_is_sent(message: Any) -> None:
    channel_consumer("greeter", Plain)
    with pytest.raises(BadMessage, match=r'message\["type"\]'):
        run("greeter", message)


@pytest.mark.parametrize("consumer", [object, Plain(), lambda scope: None])
def test_what_is_no_consumer_is_refused(consumer: Any) -> None:
    with pytest.raises(BadOption, match="no Channels consumer"):
        channel_consumer("greeter", consumer)


def test_options_are_those_of_a_channel_and_the_place_is_the_consumers() -> None:
    channel_consumer("greeter", Plain, max_retries=1, queue="slow")
    handler = registry.get("greeter")
    assert (handler.options.max_retries, handler.options.queue) == (1, "slow")
    assert handler.place.endswith("test_consumers.Plain")
    with pytest.raises(BadOption, match="max_retries"):
        channel_consumer("greeter2", Plain, max_retrys=1)
    with pytest.raises(BadOption, match="Two functions"):
        channel_consumer("greeter", Blocking)
