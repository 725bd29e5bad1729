from __future__ import annotations

import re
import time
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from channels_celery import failpoints, ids, jsontext, settings
from channels_celery.database import session
from channels_celery.errors import BadMessage, LeaseLost, NotSupported

from . import announcing, ledger
from .lease import Lease, note_progress
from .ledger import Claim, Outcome
from .perseverance import persevere
from .states import State

#: Progress is told at most so often: it must not crowd out what matters.
PROGRESS_SECONDS = 0.2
#: Past it a browser counts no more.
LARGEST_NUMBER = 2**53 - 1
_PLAIN_KEY = re.compile(r"[A-Za-z0-9:._-]{1,60}")


class Job:
    """The job that a handler works on: what it may know, and how it speaks while it works."""

    def __init__(self, claim: Claim, started: float) -> None:
        self._claim = claim
        self._lease: Lease | None = None
        self._started = started
        self._told: tuple[int, int] | None = None
        self._told_at = 0.0
        #: `succeed` was called: 0 rows may mean that its transaction has committed.
        self.promised = False
        #: `succeed` was called and its transaction has committed.
        self.succeeded = False

    @property
    def claim(self) -> Claim:
        """What the ledger knows of this attempt."""
        return self._claim

    @property
    def id(self) -> UUID:
        return self._claim.id

    @property
    def channel(self) -> str:
        return self._claim.channel

    @property
    def topic(self) -> str:
        """The topic that hears of it; empty when none was given."""
        return self._claim.topic

    @property
    def attempt(self) -> int:
        """Which run this is, counted from 1."""
        return self._claim.attempt

    @property
    def max_attempts(self) -> int:
        return self._claim.max_attempts

    @property
    def headers(self) -> dict[str, Any]:
        """The headers of its first hint: tenant, trace."""
        return self._claim.headers

    @property
    def idempotency_key(self) -> str:
        """The same text in every attempt: give it to services that can tell a repeat by it."""
        return str(self._claim.id)

    @property
    def cancelled(self) -> bool:
        """Whether somebody wants it to stop: raise `Cancelled` to agree."""
        return self._lease is not None and self._lease.cancelled

    def reply(self, value: Any, key: str | int | None = None) -> None:
        """Log a durable `job.reply` event: it arrives once and in order.

        The same `key` twice is one event, over all attempts. Raises BadMessage before any effect,
        TooLarge over 32 KB, LeaseLost when another attempt has taken the job.
        """
        jsontext.dump(value, name="reply", limit=jsontext.EVENT_BYTES)
        if self._lease is not None and self._lease.lost:
            raise LeaseLost
        more = {"reply": value} if key is None else {"reply": value, "key": key}
        content = announcing.data(self._claim, self.attempt, **more)
        event = announcing.draft(self._claim, "job.reply", content, mid=self._mid(key))
        (alive, is_new), _ = persevere(lambda session: ledger.reply(session, self._claim, event))
        if not alive:
            raise LeaseLost
        if is_new:
            announcing.tell(self._claim, "job.reply", content)
        failpoints.reach("replied")

    def progress(self, done: int, total: int) -> None:
        """Say how far it is: volatile, at most five times a second, the last one wins."""
        if not (_counts(done) and _counts(total)):
            kinds = f"{type(done).__name__} and {type(total).__name__}"
            raise BadMessage(f"progress(): expected two whole numbers below 2**53, not {kinds}")
        if self._lease is not None:
            note_progress(self._lease, (done, total))
        if time.monotonic() - self._told_at >= PROGRESS_SECONDS:
            self.tell_progress((done, total))

    def tell_progress(self, progress: tuple[int, int]) -> None:
        """Whisper this progress unless it was the last one told."""
        if progress == self._told:
            return
        self._told, self._told_at = progress, time.monotonic()
        content = announcing.data(self._claim, self.attempt, progress=list(progress))
        announcing.whisper(self._claim, "job.progress", content)
        announcing.tell(self._claim, "job.progress", content)

    def succeed(self, result: Any = None) -> None:
        """Record the outcome in the handler's own `transaction.atomic()`, as its last act there.

        What the transaction wrote and the outcome are committed together or not at all; once they
        are, what the handler returns or raises changes nothing. Raises LeaseLost when another
        attempt has taken the job, BadMessage before any effect, NotSupported outside a transaction.
        """
        text = jsontext.dump(result, name="result", limit=jsontext.MESSAGE_BYTES)
        content = announcing.data(self._claim, self.attempt, **announcing.result(result, text))
        event = announcing.draft(self._claim, "job.succeeded", content)
        with session() as current:
            if not current.joined:
                alias = settings.current().DATABASE
                raise NotSupported(
                    "job.succeed() joins the transaction of what the handler writes: call it"
                    f" inside `with transaction.atomic(using={alias!r})`, or return the result."
                )
            failpoints.reach("before-outcome")
            outcome = Outcome(state=State.SUCCEEDED, result=text)
            if not ledger.finish(current, self._claim, outcome, event):
                raise LeaseLost
            self.promised = True
            if self._lease is not None:
                self._lease.postpone()
            current.after_commit(partial(self.has_succeeded, content))

    def has_succeeded(self, content: dict[str, Any]) -> None:
        """What `succeed` recorded is committed."""
        failpoints.reach("after-outcome")
        self.succeeded = True
        announcing.tell(self._claim, "job.succeeded", content)

    def held_by(self, lease: Lease) -> None:
        self._lease = lease

    @property
    def now(self) -> int:
        """The database's clock, in milliseconds since 1970, without asking it."""
        return self._claim.at + int((time.monotonic() - self._started) * 1_000)

    def _mid(self, key: str | int | None) -> str:
        if key is None:
            return ids.uuid7().hex
        text = str(key)
        if not _PLAIN_KEY.fullmatch(text):
            text = sha256(text.encode()).hexdigest()[:40]
        return f"{self._claim.id.hex}:{text}"


def _counts(given: object) -> bool:
    return isinstance(given, int) and abs(given) <= LARGEST_NUMBER
