"""How the channels do, in one look: for the admin, metrics and `/readyz`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Min, Q, QuerySet

from channels_celery import settings

from . import registry, stuck
from .models import Channel, Job
from .states import WAITING, State


@dataclass(slots=True, kw_only=True)
class Tally:
    """The jobs of one channel that have no outcome yet, and the failed ones that are kept."""

    channel: str
    paused: bool = False
    #: Jobs by state; succeeded and cancelled ones are not counted: there may be millions.
    states: dict[str, int] = field(default_factory=dict)
    #: Waiting ones that may run now, and for how long the oldest of them has waited.
    due: int = 0
    oldest_ms: int = 0
    stuck: int = 0
    #: Why, when some are stuck.
    reason: str = ""

    @property
    def later(self) -> int:
        """Waiting ones whose time has not come."""
        return sum(self.states.get(state, 0) for state in WAITING) - self.due

    @property
    def running(self) -> int:
        return self.states.get(State.RUNNING, 0)

    @property
    def failed(self) -> int:
        return self.states.get(State.FAILED, 0)


def tallies() -> list[Tally]:
    """Every channel that is registered here, paused or has such jobs, by name."""
    alias = settings.current().DATABASE
    found = {name: Tally(channel=name) for name in registry.channels()}
    for name, paused in Channel.objects.using(alias).values_list("name", "paused"):
        _of(found, name).paused = paused
    jobs = Job.objects.using(alias)
    _count_waiting(found, jobs)
    # One state a query: each has a partial index of its own.
    for state in (State.RUNNING, State.FAILED):
        rows = jobs.filter(state=state.value).values_list("channel").annotate(Count("id"))
        for name, count in rows:
            _of(found, name).states[state.value] = count
    _give_reasons(found.values())
    return [found[name] for name in sorted(found)]


def _count_waiting(found: dict[str, Tally], jobs: QuerySet[Job]) -> None:
    now = stuck.present()
    due = Q(ready__lte=now)
    rows = (
        jobs.filter(state__in=WAITING)
        .values_list("channel", "state")
        .annotate(
            count=Count("id"),
            due=Count("id", filter=due),
            oldest=Min("ready", filter=due),
            stuck=Count("id", filter=Q(ready__lt=now - stuck.STUCK_MS)),
        )
    )
    for name, state, count, due_now, oldest, stuck_now in rows:
        tally = _of(found, name)
        tally.states[state] = count
        tally.due += due_now
        tally.stuck += stuck_now
        tally.oldest_ms = max(tally.oldest_ms, now - oldest if oldest is not None else 0)


def _give_reasons(found: Iterable[Tally]) -> None:
    late = [tally for tally in found if tally.stuck]
    why = stuck.reasons(tally.channel for tally in late)
    for tally in late:
        tally.reason = why[tally.channel]


def _of(found: dict[str, Tally], name: str) -> Tally:
    return found.setdefault(name, Tally(channel=name))


def summary(found: Iterable[Tally]) -> str:
    """What is stuck, in a sentence; empty when nothing is."""
    by_reason: dict[str, dict[str, int]] = {}
    for tally in found:
        if tally.stuck:
            by_reason.setdefault(tally.reason, {})[tally.channel] = tally.stuck
    return "; ".join(
        f"{sum(channels.values())} stuck ({', '.join(sorted(channels))}): {reason}"
        for reason, channels in sorted(by_reason.items())
    )
