from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from channels_celery import jsontext
from channels_celery.database import Session
from channels_celery.errors import BadMessage, Cancelled, Fail, Retry
from channels_celery.topics.events import Draft

from . import announcing, hints, ledger
from .handle import Job
from .hints import Hint
from .ledger import Claim, Outcome
from .options import Options
from .states import State

#: What people read of an error that is not theirs.
INTERNAL = "The work failed."
#: What is later is a mistake, and would not fit the column.
LONGEST_WAIT_SECONDS = 366 * 86_400
#: Of a traceback the end is kept: it says what happened.
TRACEBACK_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The handler returned a result."""

    text: str
    content: dict[str, Any]
    event: str = "job.succeeded"
    state: State = State.SUCCEEDED

    def record(self, session: Session, claim: Claim, event: Draft) -> bool:
        return ledger.finish(session, claim, Outcome(state=self.state, result=self.text), event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The handler raised: failed, cancelled, or `again_seconds` until another run at `at`."""

    code: str
    message: str
    error: BaseException
    again_seconds: float | None = None
    at: int = 0
    content: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> State:
        if self.again_seconds is not None:
            return State.RETRYING
        return State.CANCELLED if self.code == "cancelled" else State.FAILED

    @property
    def event(self) -> str:
        return f"job.{self.state}"

    def record(self, session: Session, claim: Claim, event: Draft) -> bool:
        error = jsontext.dump(self.content["error"], name="error", limit=jsontext.MESSAGE_BYTES)
        trace = _plain("".join(traceback.format_exception(self.error))[-TRACEBACK_CHARACTERS:])
        if self.again_seconds is None:
            outcome = Outcome(state=self.state, error=error, traceback=trace)
            return ledger.finish(session, claim, outcome, event)
        waits = ledger.retry(session, claim, at=self.at, error=error, traceback=trace, event=event)
        if waits:
            hint = Hint(claim.channel, claim.id, claim.fence, _text(claim.headers))
            seconds = self.again_seconds
            session.after_commit(lambda: hints.publish(hint, seconds=seconds))
        return waits


Verdict = Succeeded | Ended


def succeed(value: Any) -> Succeeded | Ended:
    """The verdict on what a handler returned: what is not JSON fails, a repeat would not help."""
    try:
        text = jsontext.dump(value, name="result", limit=jsontext.MESSAGE_BYTES)
    except BadMessage as error:
        return _ended("result_not_json", "The result of the work could not be stored.", error)
    return Succeeded(text=text, content=announcing.result(value, text))


def judge(error: BaseException, options: Options, job: Job) -> Ended:
    """The verdict on what a handler raised: another run, failed or cancelled."""
    code, message = _words(error)
    if code != "cancelled" and job.cancelled and options.retries(error):
        return cancelled(error)
    if code == "cancelled" or not options.retries(error) or job.attempt >= job.max_attempts:
        return _ended(code, message, error)
    wait = options.delay(job.attempt)
    if isinstance(error, Retry) and error.countdown is not None:
        wait = error.countdown
    wait = min(wait, LONGEST_WAIT_SECONDS)
    at = job.now + int(wait * 1_000)
    return Ended(
        code=code,
        message=message,
        error=error,
        again_seconds=wait,
        at=at,
        content={"error": {"code": code, "message": message}, "next_at": at},
    )


def cancelled(error: BaseException) -> Ended:
    """The verdict on a handler that ended by this error after it was asked to stop."""
    return _ended(announcing.CANCELLED["code"], announcing.CANCELLED["message"], error)


def _ended(code: str, message: str, error: BaseException) -> Ended:
    content = {"error": {"code": code, "message": message}}
    return Ended(code=code, message=message, error=error, content=content)


def _words(error: BaseException) -> tuple[str, str]:
    """What is shown to people: only the texts of Fail and Retry are meant for them."""
    if isinstance(error, Cancelled):
        return announcing.CANCELLED["code"], announcing.CANCELLED["message"]
    if isinstance(error, SoftTimeLimitExceeded):
        return "time_limit", "The work took too long."
    if isinstance(error, Fail | Retry):
        return "failed", _safe(str(error))
    return "internal", INTERNAL


def _safe(text: str) -> str:
    """A text that an event can hold."""
    return _plain(text)[:1_000]


def _plain(text: str) -> str:
    """A text that any database stores: no NUL, and no half of a surrogate pair, as file names."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def _text(headers: dict[str, Any]) -> str:
    return jsontext.dump(headers, name="headers", limit=jsontext.MESSAGE_BYTES)
