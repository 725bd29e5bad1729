from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.utils import timezone

from channels_celery import jsontext, settings
from channels_celery.errors import BadOption
from channels_celery.jobs import options, registry
from channels_celery.jobs.models import Job
from channels_celery.jobs.registry import ChannelHandler
from channels_celery.jobs.send import Receipt, asend, send

from . import calls, results
from .calls import Call
from .framework import (
    AnyResult,
    AnyTask,
    BaseTaskBackend,
    InvalidTaskBackend,
    TaskResultDoesNotExist,
    task_enqueued,
)
from .running import Runner
from .tasks import LedgerTask

#: The framework's default queue is Celery's, whatever that is called in the project.
_DEFAULT_QUEUE = "default"


class LedgerBackend(BaseTaskBackend):
    """Tasks as jobs of the ledger: durable once committed, retried, with one outcome each.

    Each queue of `QUEUES` is the channel `tasks.<alias>.<queue>`, on the Celery queue of its name.
    `OPTIONS` are those of `channel_task`. `enqueue` joins the transaction open on this thread.
    """

    task_class = LedgerTask
    supports_defer = True
    supports_async_task = True
    supports_get_result = True

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params)
        if not self.queues:
            raise InvalidTaskBackend(
                f"TASKS[{alias!r}]['QUEUES'] is empty: name the queues, workers must know them."
            )
        self._channels = {queue: f"tasks.{alias}.{queue}" for queue in self.queues}
        runner = Runner(type(self), alias)
        try:
            for queue, channel in self._channels.items():
                self._register(queue, channel, runner)
        except BadOption as error:
            raise InvalidTaskBackend(f"TASKS[{alias!r}]: {error}") from error

    # The framework's stubs tie a result to its task's parameters, which no backend knows.
    def enqueue(  # type: ignore[override]
        self, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> AnyResult:
        """Accept a call of the task; its result has the job's id."""
        call = self._call(task, args, kwargs)
        return self._accepted(task, call, send(*self._what(task, call), **_how(task)))

    async def aenqueue(  # type: ignore[override]
        self, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> AnyResult:
        """The twin of `enqueue` for async code."""
        call = self._call(task, args, kwargs)
        return self._accepted(task, call, await asend(*self._what(task, call), **_how(task)))

    def get_result(self, result_id: str) -> AnyResult:
        """What became of a call, from any process, for as long as its job is kept."""
        row = self._row(result_id)
        if row is None:
            raise TaskResultDoesNotExist(result_id)
        call = calls.read(jsontext.load(row.message))
        queue = row.channel.removeprefix(f"tasks.{self.alias}.")
        task = call.task().using(queue_name=queue, backend=self.alias)
        return results.of(row, task, call, self.alias)

    def check(self, **_: Any) -> list[CheckMessage]:
        """Whether the ledger is there."""
        if apps.is_installed("channels_celery"):
            return []
        return [
            Error(
                f"TASKS[{self.alias!r}] keeps its tasks in an app that is not installed.",
                hint="Add 'channels_celery' to INSTALLED_APPS and run `manage.py migrate`.",
                id="channels_celery.E030",
            )
        ]

    def _register(self, queue: str, channel: str, runner: Runner) -> None:
        registry.check_name(channel)
        own = {} if queue == _DEFAULT_QUEUE else {"queue": queue}
        chosen = options.read(channel, {**own, **self.options})
        registry.add(ChannelHandler(channel, runner.run, chosen, calls.check, runner.ended))

    def _call(self, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
        self.validate_task(task)
        # Normalised as the framework's own backends do, which refuse what is not JSON.
        like = results.result(
            task, Call(path=task.module_path, args=list(args), kwargs=dict(kwargs)), self.alias
        )
        call = Call(path=task.module_path, args=like.args, kwargs=like.kwargs)
        call.task()
        return call

    def _what(self, task: AnyTask, call: Call) -> tuple[str, dict[str, Any]]:
        return self._channels[task.queue_name], call.message

    def _accepted(self, task: AnyTask, call: Call, receipt: Receipt) -> AnyResult:
        found = results.result(
            task, call, self.alias, id=str(receipt.id), enqueued_at=timezone.now()
        )
        task_enqueued.send(type(self), task_result=found)
        return found

    def _row(self, result_id: str) -> Job | None:
        try:
            job = UUID(result_id)
        except (ValueError, TypeError, AttributeError):
            return None
        kept = Job.objects.using(settings.current().DATABASE)
        return kept.filter(pk=job, channel__in=self._channels.values()).first()


def _how(task: AnyTask) -> dict[str, Any]:
    # A task of another backend that was turned to this one has no topic.
    return {"topic": getattr(task, "topic", None), "eta": task.run_after}
