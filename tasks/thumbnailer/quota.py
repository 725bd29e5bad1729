"""How much a visitor may upload in an hour and leave to be done; who is refused hears how long to
wait. Counted in the database, minute by minute: it protects the disk, whatever else is away."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F, QuerySet, Sum

from channels_celery.jobs.states import OPEN
from channels_celery.models import Job

from .errors import Refused
from .limits import MEGABYTE, current
from .models import Image, Intake
from .payers import Payer
from .sentences import duration
from .works import now

MINUTES = 60
GIGABYTE = 1024 * MEGABYTE
#: A guess: nobody knows how fast the workers are.
OPEN_JOBS_WAIT_SECONDS = 30


def check(payers: Iterable[Payer], owner: str, files: int, size: int) -> None:
    """Raise Refused when so many files, of `size` bytes together, are over a limit."""
    present = now()
    for payer in payers:
        _check_hour(payer, present, files, size)
    most = current().OPEN_JOBS
    newest = Image.objects.filter(owner=owner).order_by("-created")[: 2 * most]
    if Job.objects.filter(pk__in=newest.values("job"), state__in=OPEN).count() + files > most:
        text = f"{most} of your images still wait for their thumbnails."
        raise _too_much("too_many_open", text, OPEN_JOBS_WAIT_SECONDS)


def take(payers: Iterable[Payer], owner: str, files: int, size: int) -> None:
    """Count the files, inside the transaction that accepts them; raises as `check` does."""
    minute = now() // 60_000
    # In one order for everybody, or two would wait for each other.
    for payer in sorted(payers):
        row, _ = Intake.objects.get_or_create(who=payer.who, minute=minute)
        # Holds the row until commit: of two uploads at once the second counts the first.
        Intake.objects.filter(pk=row.pk).update(files=F("files") + files, bytes=F("bytes") + size)
    check(payers, owner, 0, 0)


def forget() -> int:
    """Delete what no limit asks for any more; the number of rows."""
    return Intake.objects.filter(minute__lte=now() // 60_000 - MINUTES).delete()[0]


def _check_hour(payer: Payer, present: int, files: int, size: int) -> None:
    limits = current()
    most_files, most_bytes = limits.FILES_AN_HOUR * payer.share, limits.BYTES_AN_HOUR * payer.share
    hour = Intake.objects.filter(who=payer.who, minute__gt=present // 60_000 - MINUTES)
    sums = hour.aggregate(files=Sum("files", default=0), bytes=Sum("bytes", default=0))
    if (over := sums["files"] + files - most_files) > 0:
        what, freed = f"{most_files:,} images", _freed(hour, "files", over)
    elif (over := sums["bytes"] + size - most_bytes) > 0:
        what, freed = f"{most_bytes / GIGABYTE:g} GB", _freed(hour, "bytes", over)
    else:
        return
    wait = (freed - present) // 1000 + 1 if freed else MINUTES * 60
    raise _too_much("too_much", f"More than {what} in an hour are not taken.", wait)


def _freed(hour: QuerySet[Intake], what: str, over: int) -> int | None:
    """When so much of what was taken is an hour old: milliseconds on the database's clock."""
    for minute, taken in hour.order_by("minute").values_list("minute", what):
        over -= taken
        if over <= 0:
            return (minute + MINUTES) * 60_000
    return None


def _too_much(code: str, text: str, wait: int) -> Refused:
    return Refused(code, f"{text} Try again in {duration(wait)}.", 429, wait)
