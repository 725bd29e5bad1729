from __future__ import annotations

import json

from django.utils.html import format_html, format_html_join

from channels_celery import topics
from channels_celery.jobs.models import Job
from channels_celery.topics import Event, Position

from .shown import NOTHING, block, moment

#: Of a topic so many of the newest events are looked through.
NEWEST = 1_000
_PAGE = 250
_HEADS = ("seq", "when", "event", "attempt", "data")
_COMMON = ("job", "channel", "fence", "attempt", "max_attempts")


def of_job(job: Job) -> list[Event]:
    """The durable events of a job that its topic still keeps, among the topic's newest."""
    if not job.topic:
        return []
    top = topics.position(job.topic)
    since = Position(epoch=top.epoch, seq=max(0, top.seq - NEWEST))
    found: list[Event] = []
    page = topics.read(job.topic, since, _PAGE)
    if page.reason == "trimmed":
        page = topics.read(job.topic, None, _PAGE)
    while page.events:
        found += [event for event in page.events if _is_of(event, job)]
        last = page.events[-1]
        page = topics.read(
            job.topic, Position(epoch=top.epoch, seq=last.seq or 0, mid=last.mid), _PAGE
        )
    return found


def _is_of(event: Event, job: Job) -> bool:
    # The text is looked at first: reading a thousand events as JSON takes longer.
    return (
        event.type.startswith("job.")
        and str(job.pk) in event.data
        and event.value.get("job") == str(job.pk)
    )


def table(job: Job) -> str:
    """The job's events as the browser got them."""
    if not job.topic:
        return "The job has no topic: nothing is logged."
    found = of_job(job)
    if not found:
        return f"Topic {job.topic} keeps no events of this job."
    rows = format_html_join(
        "",
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        (
            (event.seq, moment(event.ts), event.type, event.value.get("attempt", ""), _own(event))
            for event in found
        ),
    )
    heads = format_html_join("", '<th scope="col">{}</th>', ([head] for head in _HEADS))
    return format_html(
        '<table class="cc-events"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', heads, rows
    )


def _own(event: Event) -> str:
    """What the event says beside the keys that every event of the job has."""
    own = {key: value for key, value in event.value.items() if key not in _COMMON}
    return block(json.dumps(own, ensure_ascii=False)) if own else NOTHING
