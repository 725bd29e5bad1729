from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from channels_celery import settings
from channels_celery.jobs import command_line, operating, stuck, terminal, watching
from channels_celery.jobs.models import Job
from channels_celery.jobs.operating import Done
from channels_celery.jobs.send import send
from channels_celery.jobs.snapshot import described
from channels_celery.jobs.states import WAITING, State
from channels_celery.management.sentences import in_sentences

Options = dict[str, Any]


class Command(BaseCommand):
    """The operator's view of background channels: send, list, show, retry and cancel jobs."""

    help = "Send to a background channel; list, show, retry and cancel jobs."

    def add_arguments(self, parser: CommandParser) -> None:
        command_line.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        run: Callable[[Options], None] = getattr(self, f"_{options['what']}")
        try:
            with in_sentences():
                run(options)
        except KeyboardInterrupt:
            raise CommandError("Stopped watching; the job goes on.", returncode=130) from None

    def _send(self, options: Options) -> None:
        receipt = send(
            options["channel"],
            _message(options["message"]),
            topic=options["topic"],
            countdown=options["countdown"],
            expires=options["expires"],
            unique_key=options["unique_key"],
        )
        if options["wait"]:
            self._wait(receipt.id, options)
        elif options["json"]:
            self._write_json({"job": str(receipt.id), "duplicate": receipt.duplicate})
        else:
            self.stdout.write(f"{receipt.id}{' (open already)' if receipt.duplicate else ''}")

    def _wait(self, job: UUID, options: Options) -> None:
        if not options["json"]:
            self.stdout.write(str(job))
            self.stdout.flush()
        bar = terminal.Bar(sys.stderr)
        known: dict[str, Any] = {"state": "gone"}
        for known in watching.watch(job, seconds=options["timeout"]):
            if not options["json"]:
                bar.show(known)
        if options["json"]:
            self._write_json(known)
        if known["state"] != State.SUCCEEDED:
            raise CommandError(f"The job is {known['state']}: manage.py jobs show {job}")

    def _list(self, options: Options) -> None:
        found = list(_jobs(options)[: max(1, options["limit"])])
        why = stuck.reasons(job.channel for job in found) if options["stuck"] else {}
        rows = [{**described(job), **({"stuck": why[job.channel]} if why else {})} for job in found]
        if options["json"]:
            self._write_json(rows)
        else:
            self.stdout.write(terminal.table(rows) if rows else "There are no such jobs.")

    def _show(self, options: Options) -> None:
        job = Job.objects.using(settings.current().DATABASE).filter(pk=options["id"]).first()
        if job is None:
            raise CommandError(
                f"There is no job {options['id']}; finished ones are not kept for ever."
            )
        known = {
            **described(job),
            "stuck": stuck.reason(job),
            "cancel_requested": job.cancel_requested,
            "expires": job.expires,
            "unique_key": job.unique_key,
            "reply_channel": job.reply_channel,
            "message": json.loads(job.message),
            "traceback": job.traceback,
        }
        if options["json"]:
            self._write_json(known)
        else:
            self.stdout.write(terminal.lines(known))

    def _retry(self, options: Options) -> None:
        if bool(options["id"]) == options["failed"]:
            raise CommandError("Name the jobs to retry, or give --failed for every failed one.")
        found = options["id"] or _jobs(options).values_list("id", flat=True)
        self._tell([operating.retry(job) for job in found], "accepted again", options)

    def _cancel(self, options: Options) -> None:
        if bool(options["id"]) == options["waiting"]:
            raise CommandError("Name the jobs to cancel, or give --waiting for every waiting one.")
        found = options["id"] or _jobs(options).values_list("id", flat=True)
        self._tell([operating.cancel(job) for job in found], "cancelled or asked to stop", options)

    def _tell(self, done: list[Done], word: str, options: Options) -> None:
        refused = [one for one in done if not one.ok]
        if options["json"]:
            rows = [{"job": str(one.job), "done": one.ok, "said": one.said} for one in done]
            self._write_json(rows)
        else:
            for one in refused:
                self.stderr.write(f"{one.job}: {one.said}")
            self.stdout.write(f"{len(done) - len(refused)} {word}, {len(refused)} not.")
        if refused:
            raise CommandError(f"Not every job was {word}.")

    def _write_json(self, value: Any) -> None:
        self.stdout.write(json.dumps(value, indent=2))


def _message(text: str) -> Any:
    try:
        return json.loads(sys.stdin.read() if text == "-" else text)
    except ValueError as error:
        raise CommandError(
            f"""The message is no JSON ({error}); write '{{"key": "value"}}'."""
        ) from None


def _jobs(options: Options) -> QuerySet[Job]:
    if options.get("stuck"):
        jobs = stuck.stuck_jobs()
    else:
        jobs = Job.objects.using(settings.current().DATABASE).order_by("-id")
    if options.get("failed"):
        jobs = jobs.filter(state=State.FAILED)
    if options.get("waiting"):
        jobs = jobs.filter(state__in=WAITING)
    if options.get("state"):
        jobs = jobs.filter(state=options["state"])
    return jobs.filter(channel=options["channel"]) if options["channel"] else jobs
