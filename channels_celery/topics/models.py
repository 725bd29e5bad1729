from __future__ import annotations

from django.db import models
from django.db.models import Q


class Topic(models.Model):
    """A named log: `seq` is its top, `epoch` its life. Times are milliseconds since 1970."""

    name = models.CharField(primary_key=True, max_length=150)
    epoch = models.CharField(max_length=32)
    seq = models.BigIntegerField(default=0)
    #: The log is whole from here on: events up to this `seq` may be gone.
    trimmed_to = models.BigIntegerField(default=0)

    class Meta:
        app_label = "channels_celery"

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """One durable event. `seq` is empty from its transaction's commit until it is numbered."""

    id = models.BigAutoField(primary_key=True)
    topic = models.CharField(max_length=150)
    seq = models.BigIntegerField(null=True)
    mid = models.CharField(max_length=100)
    #: The visitor whose `mid` it is; empty for the server's own.
    visitor = models.CharField(max_length=64, default="", blank=True)
    type = models.CharField(max_length=100)
    data = models.TextField()
    by = models.TextField(default="", blank=True)
    ts = models.BigIntegerField()

    class Meta:
        app_label = "channels_celery"
        constraints = [
            models.UniqueConstraint(fields=["topic", "seq"], name="channels_celery_event_seq"),
            models.UniqueConstraint(
                fields=["topic", "visitor", "mid"], name="channels_celery_event_mid"
            ),
        ]
        indexes = [
            models.Index(
                fields=["topic", "id"],
                condition=Q(seq__isnull=True),
                name="channels_celery_unnumbered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} #{self.seq} {self.type}"
