from __future__ import annotations

import time

from channels_celery.ids import uuid7


def test_ids_sort_in_the_order_of_their_making() -> None:
    made = [uuid7() for _ in range(2_000)]
    assert made == sorted(set(made))


def test_an_id_is_of_version_7_and_tells_its_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    one = uuid7()
    assert (one.version, one.variant) == (7, "specified in RFC 4122")
    assert before <= one.int >> 80 <= time.time_ns() // 1_000_000 + 1
