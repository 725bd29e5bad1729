from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from channels_celery import database, settings
from channels_celery.errors import UnknownChannel
from channels_celery.jobs import backlog, ledger, operating, overview, registry
from channels_celery.jobs.ledger import LiveWorker
from channels_celery.jobs.models import Channel
from channels_celery.jobs.overview import Tally

from . import shown
from .read_only import ReadOnlyAdmin


@dataclass(frozen=True, slots=True)
class Line:
    """One channel as the page shows it."""

    tally: Tally
    queue: str
    place: str
    limit: str
    workers: int

    @property
    def oldest(self) -> str:
        return shown.duration(self.tally.oldest_ms) if self.tally.due else ""


class ChannelAdmin(ReadOnlyAdmin[Channel]):
    """The channels: what waits, runs and has failed in each, and the switch that pauses it.

    A row in the table is only made once a channel is paused, so this page lists the channels
    themselves instead of rows.
    """

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._switch(request)
        context = {
            **self.admin_site.each_context(request),
            "title": "Channels",
            "opts": self.opts,
            "media": self.media,
            "lines": _lines(),
            "may_operate": self.has_operate_permission(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/channels_celery/channel/change_list.html", context)

    def _switch(self, request: HttpRequest) -> HttpResponse:
        if not self.has_operate_permission(request):
            raise PermissionDenied
        for word, operate in (("pause", operating.pause), ("resume", operating.resume)):
            name = request.POST.get(word, "")
            if name and name in {tally.channel for tally in overview.tallies()}:
                operate(name)
                row = Channel.objects.using(settings.current().DATABASE).filter(pk=name).first()
                if row is not None:
                    self.log_change(request, row, f"{word}d")
                messages.success(request, f"Channel {name} is {word}d.")
        return HttpResponseRedirect(request.path)


def _lines() -> list[Line]:
    with database.session() as session:
        live = ledger.live_workers(session)
    return [_line(tally, live) for tally in overview.tallies()]


def _line(tally: Tally, live: list[LiveWorker]) -> Line:
    handler = registry.channels().get(tally.channel)
    queue = _queue(tally.channel)
    ready = [
        one for one in live if tally.channel in one.channels and (not queue or queue in one.queues)
    ]
    limit = handler.options.max_running if handler else None
    return Line(
        tally=tally,
        queue=queue,
        place=handler.place if handler else "",
        limit=str(limit) if limit is not None else "",
        workers=len(ready),
    )


def _queue(channel: str) -> str:
    try:
        return backlog.queue_of(channel)
    except UnknownChannel:
        return ""
