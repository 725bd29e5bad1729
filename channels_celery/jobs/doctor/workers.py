from __future__ import annotations

from collections.abc import Iterator

from django.core.checks import CheckMessage, Error, Info, Warning

from channels_celery import database
from channels_celery.jobs import ledger, mirror, overview, registry, stuck

#: What is said of a channel whose jobs only wait for their turn.
_WELL = ("every slot is busy", "max_running reached")


def examine() -> Iterator[CheckMessage]:
    """The workers: some live, each channel is known to one of them, and nothing is stuck."""
    with database.session() as session:
        live = ledger.live_workers(session)
    if not live:
        app = mirror.project_app().main or "PROJECT"
        yield Error(
            "No worker runs: jobs are accepted and wait.",
            hint=f"Start one: `celery -A {app} worker`.",
            id="channels_celery.E050",
        )
        return
    for channel, reason in sorted(stuck.reasons(registry.channels()).items()):
        if reason not in _WELL:
            yield Warning(
                f"Jobs of channel {channel!r} would wait: {reason}.",
                hint=_remedy(reason),
                id="channels_celery.W051",
            )
    yield from _jobs()


def _jobs() -> Iterator[CheckMessage]:
    tallies = overview.tallies()
    if late := overview.summary(tallies):
        yield Warning(
            f"Jobs that could have run: {late}.",
            hint="`manage.py jobs list --stuck` shows them.",
            id="channels_celery.W052",
        )
    if failed := sum(tally.failed for tally in tallies):
        yield Info(
            f"{failed} failed jobs are kept.",
            hint="`manage.py jobs list --failed` shows them, `manage.py jobs retry` redrives.",
            id="channels_celery.I053",
        )


def _remedy(reason: str) -> str:
    if reason.startswith("no worker listens"):
        return "Start a worker without -Q, or with that queue among its -Q."
    if reason.startswith("no live worker knows"):
        return "Deploy this release to the workers, and restart them."
    if reason == "channel paused":
        return "Resume it in the admin when it may go on."
    return "See the broker, above."
