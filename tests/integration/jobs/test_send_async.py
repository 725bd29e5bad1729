from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.core.exceptions import SynchronousOnlyOperation
from django.db import transaction

from channels_celery import Fail, asend, channel_task, send
from channels_celery.errors import UnknownChannel
from channels_celery.jobs.hints import Hint
from channels_celery.jobs.models import Job


@channel_task("tests.asend")
def work(job: Any, message: Any) -> None:
    raise Fail("No test runs it.")


class Boom(Exception):
    """Rolls a test's transaction back."""


async def by_layer(channel: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    assert layer is not None
    await layer.send(channel, message)


WAYS = pytest.mark.parametrize("way", [asend, by_layer])


def count(alias: str) -> int:
    return Job.objects.using(alias).count()


@WAYS
def test_async_to_sync_in_a_transaction_commits_with_it(
    database: str, published: list[Hint], way: Callable[..., Any]
) -> None:
    with transaction.atomic(using=database):
        async_to_sync(way)("tests.asend", {})
        assert count(database) == 1
        assert published == []
    assert count(database) == len(published) == 1


@WAYS
def test_async_to_sync_in_a_transaction_rolls_back_with_it(
    database: str, published: list[Hint], way: Callable[..., Any]
) -> None:
    def send_and_fail() -> None:
        with transaction.atomic(using=database):
            async_to_sync(way)("tests.asend", {})
            raise Boom

    with pytest.raises(Boom):
        send_and_fail()
    assert count(database) == 0
    assert published == []


def test_a_task_of_a_gather_below_a_transaction_joins_it_too(
    database: str, published: list[Hint]
) -> None:
    async def several() -> None:
        await asyncio.gather(*(asend("tests.asend", {"n": n}) for n in range(5)))

    def send_and_fail() -> None:
        with transaction.atomic(using=database):
            async_to_sync(several)()
            assert count(database) == 5
            raise Boom

    with pytest.raises(Boom):
        send_and_fail()
    assert count(database) == 0


@WAYS
async def test_native_async_sender_returns_after_its_commit(
    database: str, published: list[Hint], way: Callable[..., Any]
) -> None:
    await way("tests.asend", {})
    assert await database_sync_to_async(count)(database) == 1
    assert len(published) == 1


async def test_the_sync_twin_in_async_code_is_refused_naming_asend(
    database: str, published: list[Hint]
) -> None:
    with pytest.raises(SynchronousOnlyOperation, match="await asend"):
        send("tests.asend", {})


async def test_hundreds_at_once_are_each_accepted_once(
    database: str, published: list[Hint]
) -> None:
    receipts = await asyncio.gather(*(asend("tests.asend", {"n": n}) for n in range(300)))
    assert len({receipt.id for receipt in receipts}) == 300
    assert await database_sync_to_async(count)(database) == 300
    assert {hint.job for hint in published} == {receipt.id for receipt in receipts}


async def test_unique_key_holds_among_those_sent_at_once(
    database: str, published: list[Hint]
) -> None:
    sent = (asend("tests.asend", {}, unique_key=f"k{n % 3}") for n in range(60))
    receipts = await asyncio.gather(*sent)
    assert len({receipt.id for receipt in receipts}) == 3
    assert [receipt.duplicate for receipt in receipts].count(False) == 3


async def test_refusal_of_one_does_not_touch_its_neighbours(
    database: str, published: list[Hint]
) -> None:
    good = [asend("tests.asend", {}) for _ in range(10)]
    answers = await asyncio.gather(*good, asend("tests.ansed", {}), return_exceptions=True)
    assert isinstance(answers[-1], UnknownChannel)
    assert await database_sync_to_async(count)(database) == 10


async def test_layer_takes_topic_and_reply_channel_from_the_message(
    database: str, published: list[Hint]
) -> None:
    message = {"photo": 7, "topic": "photo.7", "reply_channel": "specific.a!b"}
    await by_layer("tests.asend", message)
    job = await database_sync_to_async(Job.objects.using(database).get)()
    assert (job.topic, job.reply_channel) == ("photo.7", "specific.a!b")
    assert '"topic":"photo.7"' in job.message
