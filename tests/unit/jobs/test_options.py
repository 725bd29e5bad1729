from __future__ import annotations

from typing import Any

import pytest

from channels_celery import Cancelled, Fail, Retry, channel_task
from channels_celery.errors import BadOption
from channels_celery.jobs.options import Options, read


def test_defaults_are_celerys_names_with_retries_on() -> None:
    options = Options()
    assert options.autoretry_for == (Exception,)
    assert (options.max_retries, options.max_attempts) == (3, 4)
    assert options.time_limit == 300


def test_default_time_limit_is_the_setting(settings: Any) -> None:
    settings.CHANNELS_CELERY = {"TIME_LIMIT_SECONDS": 12.0}
    assert Options().time_limit == 12
    assert Options(time_limit=None).time_limit is None


def test_wrong_settings_do_not_stop_the_import_of_tasks(settings: Any) -> None:
    settings.CHANNELS_CELERY = {"TIME_LIMIT": 12}
    assert Options().time_limit == 300


def test_misspelt_option_is_refused_at_import_with_the_nearest_name() -> None:
    with pytest.raises(BadOption, match=r"'thumbs': 'max_retrys' .* did you mean 'max_retries'"):
        channel_task("thumbs", max_retrys=3)


@pytest.mark.parametrize("name", ["rate_limit", "acks_late", "bind"])
def test_options_of_celery_that_are_not_ours_are_refused_with_the_remedy(name: str) -> None:
    with pytest.raises(BadOption, match=rf"'{name}' is no option; [a-zA-Z]"):
        read("thumbs", {name: True})


@pytest.mark.parametrize(
    "given",
    [
        {"max_retries": -1},
        {"max_retries": None},
        {"max_retries": True},
        {"max_retries": 2.5},
        {"time_limit": 0},
        {"time_limit": "40"},
        {"default_retry_delay": None},
        {"default_retry_delay": float("nan")},
        {"retry_backoff": -1},
        {"retry_backoff": "yes"},
        {"retry_jitter": 1},
        {"queue": ""},
        {"max_running": 0},
        {"batch": 0},
        {"autoretry_for": ("ValueError",)},
        {"dont_autoretry_for": (42,)},
        {"soft_time_limit": 40, "time_limit": 40},
        {"soft_time_limit": 400},
    ],
)
def test_a_value_that_does_not_fit_names_channel_option_and_expectation(
    given: dict[str, Any],
) -> None:
    with pytest.raises(BadOption, match=rf"'thumbs'.*{next(iter(given))}"):
        read("thumbs", given)


def test_one_exception_class_is_taken_as_celery_takes_it() -> None:
    assert read("thumbs", {"autoretry_for": OSError}).autoretry_for == (OSError,)


def test_wait_doubles_up_to_the_longest() -> None:
    options = Options(retry_jitter=False, retry_backoff_max=10)
    assert [options.delay(attempt) for attempt in range(1, 7)] == [1, 2, 4, 8, 10, 10]
    assert Options(retry_jitter=False, retry_backoff=5).delay(2) == 10
    assert options.delay(5000) == 10


def test_jitter_takes_any_part_of_the_wait() -> None:
    waits = [Options().delay(5) for _ in range(300)]
    assert 0 <= min(waits) < 4
    assert 12 < max(waits) <= 16


def test_without_backoff_the_wait_is_the_default_delay() -> None:
    assert Options(retry_backoff=False, default_retry_delay=7).delay(3) == 7


def test_which_errors_ask_for_another_run() -> None:
    options = Options(autoretry_for=(OSError,), dont_autoretry_for=(FileNotFoundError,))
    assert options.retries(ConnectionResetError())
    assert options.retries(Retry("later"))
    assert not options.retries(FileNotFoundError())
    assert not options.retries(ValueError())
    assert not Options().retries(Fail("no"))
    assert not Options().retries(SystemExit())


def test_cancelled_is_no_failure_to_retry() -> None:
    assert not Options().retries(Cancelled())
