"""The library's numbers for Prometheus, in its text format: `path("metrics", metrics.view)`.

Read at each scrape from the ledger and the broker, so every web process gives the same answer;
only the numbers of its connections (`hub_…`) are those of the process that is asked.
Only counts and names of channels and queues: nothing of messages or people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from . import database
from .jobs import backlog, ledger, overview
from .jobs.hints import Broker
from .jobs.ledger import LiveWorker
from .jobs.overview import Tally
from .topics import hub

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Labels and value.
Sample = tuple[dict[str, str], float]


@never_cache
@require_safe
def view(request: HttpRequest) -> HttpResponse:
    """All metrics; 503 while the database is away, which a scrape reports as down."""
    try:
        tallies = overview.tallies()
        with database.session() as session:
            live = ledger.live_workers(session)
    except (OperationalError, InterfaceError):
        return HttpResponse("# The database is away.\n", status=503, content_type=CONTENT_TYPE)
    families = [*_of_channels(tallies), *_of_workers(live), *_of_broker(), *_of_topics()]
    return HttpResponse("".join(families), content_type=CONTENT_TYPE)


def _of_channels(tallies: list[Tally]) -> Iterator[str]:
    yield _family(
        "jobs",
        "Jobs without an outcome, and failed ones that are kept, by state.",
        (
            ({"channel": tally.channel, "state": state}, count)
            for tally in tallies
            for state, count in sorted(tally.states.items())
        ),
    )
    yield _family(
        "waiting_jobs",
        "Jobs that may run now and that nobody has claimed.",
        (({"channel": tally.channel}, tally.due) for tally in tallies),
    )
    yield _family(
        "oldest_waiting_seconds",
        "For how long the oldest job that may run has waited.",
        (({"channel": tally.channel}, tally.oldest_ms / 1_000) for tally in tallies),
    )
    yield _family(
        "stuck_jobs",
        "Jobs that could have run for 30 s and that nobody has claimed, by reason.",
        (
            ({"channel": tally.channel, "reason": tally.reason}, tally.stuck)
            for tally in tallies
            if tally.stuck
        ),
    )
    yield _family(
        "channel_paused",
        "1 while an operator has paused the channel.",
        (({"channel": tally.channel}, int(tally.paused)) for tally in tallies),
    )


def _of_workers(live: list[LiveWorker]) -> Iterator[str]:
    yield _family("workers", "Workers that beat.", [({}, len(live))])
    slots = sum(worker.slots for worker in live)
    yield _family("slots", "Handlers that those workers run at once.", [({}, slots)])


def _of_broker() -> Iterator[str]:
    messages: list[Sample] = []
    answers = 1
    broker = Broker()
    try:
        messages = [({"queue": name}, broker.messages(name)) for name in sorted(backlog.queues())]
    except Exception:  # noqa: BLE001 - any driver's: it does not answer
        answers = 0
    finally:
        broker.close()
    yield _family("broker_up", "1 while the broker answers.", [({}, answers)])
    yield _family("queue_messages", "Messages that wait in the broker.", messages)


def _of_topics() -> Iterator[str]:
    found = hub.numbers()
    yield _family("hub_connections", "Websockets and event streams.", [({}, found.connections)])
    yield _family("hub_topics", "Topics that these follow.", [({}, found.topics)])
    yield _family(
        "hub_subscribers", "Topics of each connection, summed.", [({}, found.subscribers)]
    )
    yield _family(
        "hub_behind", "Subscribers that have not had the last event yet.", [({}, found.behind)]
    )
    yield _family(
        "hub_late_sweeps_total",
        "Sweeps for lost events that did not end in time: too many topics, or no database.",
        [({}, found.late_sweeps)],
    )


def _family(name: str, help: str, samples: Iterable[Sample]) -> str:
    full = f"channels_celery_{name}"
    kind = "counter" if name.endswith("_total") else "gauge"
    lines = [f"# HELP {full} {help}", f"# TYPE {full} {kind}"]
    lines += [f"{full}{_labels(labels)} {value:g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
