from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, InterfaceError, OperationalError
from django.db.models import QuerySet

from channels_celery import database, settings
from channels_celery.errors import ChannelsCeleryError
from channels_celery.jobs import ledger, stuck, terminal, watching
from channels_celery.jobs.models import Job
from channels_celery.jobs.send import send
from channels_celery.jobs.snapshot import described
from channels_celery.jobs.states import State

Options = dict[str, Any]


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no job's id: expected a UUID") from None


class Command(BaseCommand):
    """The operator's view of background channels: send, list, show and retry jobs."""

    help = "Send to a background channel; list, show and retry jobs."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
        self._add_send(what.add_parser("send", help="accept a message, and watch it with --wait"))
        self._add_list(what.add_parser("list", help="the newest jobs, or those of one kind"))
        show = what.add_parser("show", help="everything known of a job")
        show.add_argument("id", type=_id)
        show.add_argument("--json", action="store_true", help="as JSON")
        retry = what.add_parser("retry", help="accept failed jobs again")
        retry.add_argument("id", type=_id, nargs="*")
        retry.add_argument("--failed", action="store_true", help="every failed job")
        retry.add_argument("--channel", help="only those of this channel")

    def _add_send(self, parser: CommandParser) -> None:
        parser.add_argument("channel")
        parser.add_argument("message", help="a JSON object; - reads it from standard input")
        parser.add_argument("--topic", help="where its events are published")
        parser.add_argument(
            "--countdown", type=float, metavar="SECONDS", help="start so much later"
        )
        parser.add_argument("--expires", type=float, metavar="SECONDS", help="never start after")
        parser.add_argument("--unique-key", metavar="KEY", help="one open job of this key only")
        parser.add_argument("--wait", action="store_true", help="watch it until its outcome")
        parser.add_argument("--timeout", type=float, metavar="SECONDS", help="watch no longer")
        parser.add_argument("--json", action="store_true", help="as JSON")

    def _add_list(self, parser: CommandParser) -> None:
        parser.add_argument("--stuck", action="store_true", help="could have run for 30 s, and why")
        parser.add_argument("--failed", action="store_true", help="the dead letters")
        parser.add_argument("--state", choices=[state.value for state in State])
        parser.add_argument("--channel")
        parser.add_argument("--limit", type=int, default=50)
        parser.add_argument("--json", action="store_true", help="as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        run: Callable[[Options], None] = getattr(self, f"_{options['what']}")
        try:
            run(options)
        except (OperationalError, InterfaceError) as error:
            raise CommandError(f"The database did not answer: {error}") from error
        except ChannelsCeleryError as error:
            raise CommandError(str(error)) from error
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
        ids = options["id"] or list(_jobs(options).values_list("id", flat=True))
        refused = 0
        for job in ids:
            if outcome := _redrive(job):
                refused += 1
                self.stderr.write(f"{job}: {outcome}")
        self.stdout.write(f"{len(ids) - refused} accepted again, {refused} not.")
        if refused:
            raise CommandError("Not every job was accepted again.")

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
    if options["failed"]:
        jobs = jobs.filter(state=State.FAILED)
    if options.get("state"):
        jobs = jobs.filter(state=options["state"])
    return jobs.filter(channel=options["channel"]) if options["channel"] else jobs


def _redrive(job: UUID) -> str | None:
    """Accept a failed job again; a sentence when it could not be."""
    try:
        with database.session() as session:
            done = ledger.redrive(session, job)
    except IntegrityError:
        return "another open job has its unique key"
    return None if done else "no failed job has this id"
