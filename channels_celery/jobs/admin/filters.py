from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from channels_celery import settings
from channels_celery.jobs import registry, stuck
from channels_celery.jobs.models import Channel, Job


class ByChannel(admin.SimpleListFilter):
    """The channels that are registered here or that an operator has paused: no look at all jobs."""

    title = "channel"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = Channel.objects.using(settings.current().DATABASE).values_list("name", flat=True)
        chosen = {self.value()} - {None} if self.value() else set()
        return [(name, name) for name in sorted({*registry.channels(), *rows, *map(str, chosen)})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(channel=self.value()) if self.value() else queryset


class Stuck(admin.SimpleListFilter):
    title = "stuck"
    parameter_name = "stuck"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "could have run for 30 s")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(stuck.is_stuck()) if self.value() == "yes" else queryset
