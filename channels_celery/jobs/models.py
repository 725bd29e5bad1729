from __future__ import annotations

from django.db import models
from django.db.models import Q

from .states import OPEN, WAITING, State


class Job(models.Model):
    """One accepted message and what became of it. Times are milliseconds since 1970.

    Only `jobs.ledger` writes it; everybody else reads.
    """

    id = models.UUIDField(primary_key=True)
    channel = models.CharField(max_length=100)
    message = models.TextField()
    state = models.CharField(max_length=10, choices=[(state.value, state.value) for state in State])
    attempt = models.IntegerField(default=0)
    max_attempts = models.IntegerField()
    #: Leases lost since accepted: the first is run again at once, later ones with backoff.
    losses = models.IntegerField(default=0)
    #: Fencing token: +1 at claim, release, reap, cancel; a stale attempt changes 0 rows.
    fence = models.BigIntegerField(default=0)
    #: When the reconciler looks next: start, retry, hint to repeat.
    due = models.BigIntegerField(null=True)
    #: Since when it may run.
    ready = models.BigIntegerField()
    #: Hints published since due; 0 = not yet due.
    hints = models.IntegerField(default=0)
    #: Until when the running attempt is believed alive.
    lease = models.BigIntegerField(null=True)
    #: Celery's id of the hint that claimed it.
    run = models.CharField(max_length=64, default="", blank=True)
    cancel_requested = models.BigIntegerField(null=True)
    expires = models.BigIntegerField(null=True)
    #: JSON [done, total], at most a second old.
    progress = models.TextField(default="", blank=True)
    result = models.TextField(null=True)  # noqa: DJ001 - JSON; null is "no result yet"
    #: JSON {code, message}, shown to people.
    error = models.TextField(default="", blank=True)
    #: For the operator alone.
    traceback = models.TextField(default="", blank=True)
    topic = models.CharField(max_length=150, default="", blank=True)
    reply_channel = models.CharField(max_length=200, default="", blank=True)
    unique_key = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null is not unique
    #: JSON of the first hint's headers: tenant, trace.
    headers = models.TextField(default="{}")
    created = models.BigIntegerField()
    started = models.BigIntegerField(null=True)
    finished = models.BigIntegerField(null=True)

    class Meta:
        app_label = "channels_celery"
        # Lease, progress and times change often and are in no index: those updates stay HOT.
        indexes = [
            models.Index(
                fields=["due"], condition=Q(state__in=WAITING), name="channels_celery_job_due"
            ),
            models.Index(
                fields=["channel", "ready"],
                condition=Q(state__in=WAITING),
                name="channels_celery_job_waiting",
            ),
            models.Index(
                fields=["channel"],
                condition=Q(state=State.RUNNING.value),
                name="channels_celery_job_running",
            ),
            models.Index(
                fields=["finished"],
                condition=Q(state=State.FAILED.value),
                name="channels_celery_job_failed",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "unique_key"],
                condition=Q(state__in=OPEN),
                name="channels_celery_job_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.id} {self.state}"


class Channel(models.Model):
    """What the operator says of a channel."""

    name = models.CharField(primary_key=True, max_length=100)
    paused = models.BooleanField(default=False)

    class Meta:
        app_label = "channels_celery"

    def __str__(self) -> str:
        return self.name


class Worker(models.Model):
    """One Celery worker's main process; it lives while `beat` is fresh."""

    id = models.CharField(primary_key=True, max_length=64)
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    #: Handlers it runs at once.
    slots = models.IntegerField(default=1)
    #: JSON lists of names.
    queues = models.TextField(default="[]")
    channels = models.TextField(default="[]")
    started = models.BigIntegerField()
    beat = models.BigIntegerField()

    class Meta:
        app_label = "channels_celery"

    def __str__(self) -> str:
        return f"{self.host} {self.pid}"
