"""The ledger against a model of it: any transition at any time, by whoever holds any old fence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from channels_celery import channel_task, ids
from channels_celery import database as ours
from channels_celery.jobs import announcing, hints, ledger, losses
from channels_celery.jobs.hints import Hint
from channels_celery.jobs.ledger import Claim, NewJob, Outcome
from channels_celery.jobs.models import Job
from channels_celery.jobs.states import OPEN, OUTCOMES, WAITING, State
from channels_celery.topics.models import Event, Topic

LIMIT, BATCH, MOST = 2, 3, 3
PLAIN, LIMITED, TINY = "machine.plain", "machine.limited", "machine.tiny"
#: One of the latest things there are: how many were made after it.
which = st.integers(0, 5)
some_claims = precondition(lambda machine: machine.claims)


@channel_task(PLAIN)
def plain(job: object, message: object) -> None: ...


@channel_task(LIMITED, max_running=LIMIT)
def limited(job: object, message: object) -> None: ...


@channel_task(TINY, batch=BATCH)
def tiny(job: object, message: object) -> None: ...


@dataclass
class Expected:
    """What is to be true of a job."""

    channel: str
    state: State = State.QUEUED
    attempt: int = 0
    fence: int = 0
    losses: int = 0
    asked: bool = False
    outcomes: int = 0

    def end(self, state: State, *, fence: int = 0) -> None:
        self.state, self.fence, self.outcomes = state, self.fence + fence, self.outcomes + 1

    def give_back(self, *, losses: int) -> None:
        self.attempt, self.fence, self.losses = (
            self.attempt - 1,
            self.fence + 1,
            self.losses + losses,
        )
        self.state = State.RETRYING if self.attempt else State.QUEUED


class Machine(RuleBasedStateMachine):
    alias = ""

    def __init__(self) -> None:
        super().__init__()
        for model in (Job, Event, Topic):
            model.objects.using(self.alias).all().delete()
        self.jobs: dict[UUID, Expected] = {}
        self.hints: list[Hint] = []
        self.claims: list[Claim] = []
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(hints, "publish", lambda hint, seconds=0.0: self.hints.append(hint))

        for channel in (PLAIN, LIMITED, LIMITED, LIMITED, TINY, TINY):
            self.insert(channel)

    def teardown(self) -> None:
        self.patch.undo()

    def call(self, transition: Any, *args: Any, **more: Any) -> Any:
        with ours.session() as session:
            return transition(session, *args, **more)

    def current(self, claim: Claim) -> bool:
        job = self.jobs[claim.id]
        return job.state is State.RUNNING and job.fence == claim.fence

    def expect_claims(self, claims: list[Claim]) -> None:
        for claim in claims:
            job = self.jobs[claim.id]
            assert job.state in WAITING
            job.state, job.attempt, job.fence = State.RUNNING, job.attempt + 1, job.fence + 1
            assert (claim.attempt, claim.fence) == (job.attempt, job.fence)
        self.claims += claims

    def expect_loss(self, claim: Claim, mates: int) -> None:
        job = self.jobs[claim.id]
        if mates > 1 and not job.asked:
            job.give_back(losses=1)
            return
        job.losses += 1
        if job.asked:
            job.end(State.CANCELLED, fence=1)
        elif job.attempt >= MOST:
            job.end(State.FAILED, fence=1)
        else:
            job.state, job.fence = State.RETRYING, job.fence + 1

    def of_run(self, run: str) -> list[Claim]:
        return [claim for claim in self.claims if claim.run == run and self.current(claim)]

    @rule(channel=st.sampled_from([PLAIN, LIMITED, TINY]))
    def another_job(self, channel: str) -> None:
        self.insert(channel)

    def insert(self, channel: str) -> None:
        job = ids.uuid7()
        new = NewJob(id=job, channel=channel, message="{}", max_attempts=MOST, topic=job.hex)
        for _ in range(2):
            assert not self.call(ledger.insert, new).duplicate
        self.jobs[job] = Expected(channel)

    @rule(n=which)
    def deliver(self, n: int) -> None:
        """A hint arrives: the first time, again, or long after it is of use."""
        hint = self.hints[-1 - n % len(self.hints)]
        run: dict[str, Any] = {"run": ids.uuid7().hex, "max_attempts": MOST, "lease_ms": 60_000}
        job = self.jobs[hint.job]
        fits = job.state in WAITING and job.fence == hint.fence
        if hint.channel == TINY and hint.fence == 0:
            found = self.call(ledger.claim_batch, TINY, size=BATCH, **run)
            assert len(found) <= BATCH
            assert all(self.jobs[one.id].attempt + self.jobs[one.id].losses == 0 for one in found)
        elif hint.channel == LIMITED:
            running = Counter(one.channel for one in self.jobs.values() if one.state == "running")
            more = {"limit": LIMIT, **run}
            one = self.call(ledger.claim_in_slot, LIMITED, hint.job, hint.fence, **more)
            found = [one] if one else []
            assert not (found and running[LIMITED] >= LIMIT)
            assert found or not fits or running[LIMITED] >= LIMIT
        else:
            one = self.call(ledger.claim, hint.job, hint.fence, **run)
            found = [one] if one else []
            assert bool(found) == fits
        self.expect_claims(found)

    @some_claims
    @rule(n=which, state=st.sampled_from([State.SUCCEEDED, State.FAILED, State.CANCELLED]))
    def finish(self, n: int, state: State) -> None:
        claim = self.claims[-1 - n % len(self.claims)]
        draft = announcing.draft(claim, f"job.{state}", announcing.data(claim, claim.attempt))
        outcome = Outcome(state=state, result="1", error="{}")
        assert self.call(ledger.finish, claim, outcome, draft) == self.current(claim)
        if self.current(claim):
            self.jobs[claim.id].end(state)
            assert self.call(ledger.confirm, claim) is state

    @some_claims
    @rule(n=which)
    def retry(self, n: int) -> None:
        claim = self.claims[-1 - n % len(self.claims)]
        draft = announcing.draft(claim, "job.retrying", announcing.data(claim, claim.attempt))
        more = {"at": 0, "error": "{}", "traceback": "", "event": draft}
        works = self.current(claim) and not self.jobs[claim.id].asked
        assert self.call(ledger.retry, claim, **more) == works
        if works:
            self.jobs[claim.id].state = State.RETRYING
            self.hints.append(Hint(claim.channel, claim.id, claim.fence))

    @some_claims
    @rule(n=which)
    def speak(self, n: int) -> None:
        claim = self.claims[-1 - n % len(self.claims)]
        content = announcing.data(claim, claim.attempt)
        draft = announcing.draft(claim, "job.reply", content, mid=f"{claim.id}:{n}")
        assert self.call(ledger.reply, claim, draft)[0] == self.current(claim)

    @some_claims
    @rule(n=which)
    def lease_runs_out(self, n: int) -> None:
        claim = self.claims[-1 - n % len(self.claims)]
        mates = len(self.of_run(claim.run))
        renewed = self.call(ledger.renew, claim.id, claim.run, lease_ms=-1)
        assert (renewed is not None) == self.current(claim)
        if renewed is not None:
            assert renewed.cancel == self.jobs[claim.id].asked
            self.expect_loss(claim, mates)
        self.call(losses.reap)

    @some_claims
    @rule(n=which)
    def process_ends(self, n: int) -> None:
        run = self.claims[-1 - n % len(self.claims)].run
        gone = self.of_run(run)
        for claim in gone:
            self.expect_loss(claim, len(gone))
        self.call(losses.reap_run, run, "lost")

    @some_claims
    @rule(n=which)
    def release(self, n: int) -> None:
        claim = self.claims[-1 - n % len(self.claims)]
        works = self.current(claim) and not self.jobs[claim.id].asked
        hint = self.call(ledger.release, claim)
        assert (hint is not None) == works
        if works:
            self.hints.append(hint)
            self.jobs[claim.id].give_back(losses=0)

    @rule(n=which)
    def cancel(self, n: int) -> None:
        id, job = list(self.jobs.items())[-1 - n % len(self.jobs)]
        assert self.call(ledger.cancel, id) == (job.state in OPEN)
        if job.state is State.RUNNING:
            job.asked = True
        elif job.state in WAITING:
            job.end(State.CANCELLED, fence=1)

    @rule()
    def grace_is_over(self) -> None:
        late = self.call(ledger.overdue, -1)
        asked = [id for id, job in self.jobs.items() if job.asked and job.state is State.RUNNING]
        assert {one.id for one in late} == set(asked)
        for one in late:
            assert self.call(ledger.end_cancelled, one)
            self.jobs[one.id].end(State.CANCELLED, fence=1)

    @rule(n=which)
    def redrive(self, n: int) -> None:
        id, job = list(self.jobs.items())[-1 - n % len(self.jobs)]
        assert self.call(ledger.redrive, id) == (job.state is State.FAILED)
        if job.state is State.FAILED:
            job.state, job.attempt, job.losses = State.QUEUED, 0, 0
            job.fence, job.asked = job.fence + 1, False

    @invariant()
    def ledger_is_as_expected(self) -> None:
        for row in Job.objects.using(self.alias).all():
            job = self.jobs[row.pk]
            found = (row.state, row.attempt, row.fence, row.losses)
            assert found == (job.state, job.attempt, job.fence, job.losses)
            # Whoever waits is looked at again, whoever runs has a lease; the others neither.
            assert (row.due is not None) == (row.state in WAITING)
            assert (row.lease is not None) == (row.state == "running")

    @invariant()
    def each_acceptance_has_one_outcome(self) -> None:
        types = [f"job.{state}" for state in OUTCOMES]
        events = Event.objects.using(self.alias).filter(type__in=types)
        told = Counter(events.values_list("topic", flat=True))
        assert told == Counter(
            {id.hex: job.outcomes for id, job in self.jobs.items() if job.outcomes}
        )


def test_ledger_follows_its_model(database: str, rung: list[object]) -> None:
    of_database = type("MachineOfDatabase", (Machine,), {"alias": database})
    run_state_machine_as_test(
        of_database,
        settings=settings(
            max_examples=40,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
