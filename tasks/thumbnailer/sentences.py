"""What the page says of an image in one sentence: what `sentences.js` says once scripts run."""

from __future__ import annotations

from typing import Any

from .works import Work

#: A shorter wait is not worth a number.
SECONDS_UNTIL_TOLD = 10


def sentence(image: dict[str, Any], work: Work | None, now: int) -> str:
    """The sentence at `now`, milliseconds on the database's clock; "" for an image that is done."""
    if image["state"] == "failed":
        return str(image["error"]["message"])
    if image["state"] == "cancelled":
        return "The work was cancelled."
    if work is None or image["state"] == "succeeded":
        return ""
    if work.state == "running":
        return "Making thumbnails" + _steps(work.progress)
    return _retry(work, now) if work.state == "retrying" else _wait(work, now)


def _wait(work: Work, now: int) -> str:
    seconds = (now - work.ready) // 1_000
    told = f" for {duration(seconds)}" if seconds >= SECONDS_UNTIL_TOLD else ""
    return f"Waiting for a worker{told}"


def _retry(work: Work, now: int) -> str:
    seconds = -((now - work.ready) // 1_000)
    when = f"in {duration(seconds)}" if seconds > 0 else "now"
    return f"Trying again {when}, attempt {work.attempt + 1} of {work.max_attempts}"


def _steps(progress: list[int] | None) -> str:
    return f", {progress[0]} of {progress[1]}" if progress and progress[0] else ""


def duration(seconds: int) -> str:
    """A wait in words: "40 s", "12 min"."""
    return f"{seconds} s" if seconds < 120 else f"{(seconds + 30) // 60} min"
