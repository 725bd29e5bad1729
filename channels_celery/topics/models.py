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
    #: When its last event was removed; the row, and with it the epoch, stays a while longer.
    emptied = models.BigIntegerField(null=True)

    class Meta:
        app_label = "channels_celery"

    def __str__(self) -> str:
        return self.name


class Chore(models.Model):
    """Something that one process at a time does: when it is due again."""

    name = models.CharField(primary_key=True, max_length=50)
    due = models.BigIntegerField()

    class Meta:
        app_label = "channels_celery"

    def __str__(self) -> str:
        return self.name


class Hub(models.Model):
    """A hub whose sockets are members of topics: it lives as long as it beats."""

    id = models.CharField(primary_key=True, max_length=32)
    beat = models.BigIntegerField()

    class Meta:
        app_label = "channels_celery"

    def __str__(self) -> str:
        return self.id


class Member(models.Model):
    """A visitor who is present on a topic, by the sockets of one hub."""

    id = models.BigAutoField(primary_key=True)
    topic = models.CharField(max_length=150)
    visitor = models.CharField(max_length=64)
    hub = models.CharField(max_length=32)
    name = models.CharField(max_length=150, blank=True)
    #: 0: it has left, and that has to be told.
    since = models.BigIntegerField()

    class Meta:
        app_label = "channels_celery"
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "visitor", "hub"], name="channels_celery_member_once"
            ),
        ]
        indexes = [models.Index(fields=["hub"], name="channels_celery_member_hub")]

    def __str__(self) -> str:
        return f"{self.visitor} on {self.topic}"


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
