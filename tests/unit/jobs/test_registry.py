from __future__ import annotations

from typing import Any
from unittest.mock import patch

import celery
import pytest

from channels_celery import channel_task
from channels_celery.errors import BadOption, UnknownChannel
from channels_celery.jobs import mirror, registry


def test_the_decorated_function_is_unchanged() -> None:
    def work(job: Any, message: Any) -> str:
        return f"did {message}"

    assert channel_task("thumbs")(work) is work
    assert registry.get("thumbs").function is work
    assert not hasattr(work, "delay")


def test_unknown_channel_names_the_nearest_and_the_searched_apps() -> None:
    channel_task("thumbnailer")(lambda job, message: None)
    with (
        patch("channels_celery.jobs.discovery.searched", return_value=["shop", "blog"]),
        pytest.raises(UnknownChannel) as refusal,
    ):
        registry.get("thumbnialer")
    assert "Did you mean 'thumbnailer'?" in str(refusal.value)
    assert "tasks.py of shop, blog" in str(refusal.value)


def test_two_functions_for_one_channel_are_refused_naming_both() -> None:
    def one(job: Any, message: Any) -> None: ...
    def two(job: Any, message: Any) -> None: ...

    channel_task("thumbs")(one)
    with pytest.raises(BadOption, match=r"one.*two"):
        channel_task("thumbs")(two)


def test_a_module_loaded_again_replaces_its_handler() -> None:
    def define() -> Any:
        @channel_task("thumbs")
        def work(job: Any, message: Any) -> None: ...

        return work

    define()
    again = define()
    assert registry.get("thumbs").function is again


@pytest.mark.parametrize("name", ["", "a b", "socket!abc", "ä", "x" * 100, 7])
def test_names_that_no_channel_layer_takes_are_refused(name: Any) -> None:
    with pytest.raises(BadOption, match="no channel's name"):
        channel_task(name)


def test_decorator_without_a_name_says_how_it_is_written() -> None:
    def work(job: Any, message: Any) -> None: ...

    with pytest.raises(BadOption, match=r'@channel_task\("name"\)'):
        channel_task(work)  # type: ignore[arg-type]


def test_celery_task_keeps_its_own_options_whatever_the_project_sets() -> None:
    channel_task("mirrored", soft_time_limit=5, time_limit=9)(lambda job, message: None)
    app = celery.Celery("adopter", broker="memory://", set_as_current=False)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_retry_on_worker_lost=True,
        task_ignore_result=False,
        task_track_started=True,
        task_store_errors_even_if_ignored=True,
        task_serializer="pickle",
        task_default_rate_limit="1/h",
        task_time_limit=1,
    )
    task = app.tasks["channel.mirrored"]
    assert (task.soft_time_limit, task.time_limit) == (5, 9)
    assert (task.acks_late, task.reject_on_worker_lost, task.retry_on_worker_lost) == (False,) * 3
    assert (task.ignore_result, task.track_started) == (True, False)
    assert not task.store_errors_even_if_ignored
    assert (task.serializer, task.rate_limit) == ("json", 0)


def test_celery_never_retries_by_itself() -> None:
    class Retrying(celery.Task):
        autoretry_for = (Exception,)

    channel_task("once", autoretry_for=(OSError,))(lambda job, message: None)
    app = celery.Celery("adopter", broker="memory://", task_cls=Retrying, set_as_current=False)
    assert not hasattr(app.tasks["channel.once"], "_orig_run")


def test_arguments_of_later_versions_are_ignored() -> None:
    channel_task("rolling")(lambda job, message: None)
    app = celery.Celery("adopter", broker="memory://", set_as_current=False)
    with patch("channels_celery.jobs.attempt.run", return_value="ran") as run:
        answer = app.tasks["channel.rolling"].apply(args=("7", 3, "of a later version"))
    assert answer.result == "ran"
    assert run.call_args.args[1:] == ("7", 3)
    assert mirror.task_name("rolling") == run.call_args.args[0].name
