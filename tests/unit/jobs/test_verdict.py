from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from channels_celery import Retry
from channels_celery.errors import BadOption
from channels_celery.jobs.options import Options
from channels_celery.jobs.verdict import LONGEST_WAIT_SECONDS, judge


@pytest.mark.parametrize("countdown", ["soon", -1, float("nan"), True, timedelta(seconds=5)])
def test_retry_refuses_what_is_no_number_of_seconds(countdown: Any) -> None:
    with pytest.raises(BadOption, match="expected seconds, 0 or more"):
        Retry("Not yet.", countdown=countdown)


@pytest.mark.parametrize("options", [Options(), Options(retry_backoff=False)])
def test_a_wait_past_any_calendar_is_a_year(options: Options) -> None:
    job = cast("Any", SimpleNamespace(cancelled=False, attempt=1, max_attempts=2, now=1_000))
    verdict = judge(Retry("Not yet.", countdown=float("inf")), options, job)
    assert verdict.at == 1_000 + LONGEST_WAIT_SECONDS * 1_000
