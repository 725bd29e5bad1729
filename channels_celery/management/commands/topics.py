from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_celery import database
from channels_celery.jobs.terminal import moment, plain
from channels_celery.management.sentences import in_sentences
from channels_celery.topics import (
    Visitor,
    command_line,
    deleting,
    overview,
    tokens,
    trimming,
    visitors,
)

Options = dict[str, Any]

#: A pass of the command: it has nothing else to do.
PASS_SECONDS = 5.0


class Command(BaseCommand):
    """The operator's view of topics: list, show, trim, renew and delete their logs."""

    help = "List, show, trim, renew and delete the logs of topics."

    def add_arguments(self, parser: CommandParser) -> None:
        command_line.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        run: Callable[[Options], None] = getattr(self, f"_{options['what']}")
        with in_sentences():
            run(options)

    def _list(self, options: Options) -> None:
        found = overview.listed(options["prefix"], options["limit"])
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
            return
        for one in found:
            self.stdout.write(f"{one['topic']}  {one['kept']} kept, up to {one['seq']}")
        if not found:
            self.stdout.write("There are no such topics.")

    def _show(self, options: Options) -> None:
        known = overview.shown(options["topic"], options["limit"])
        if known is None:
            raise CommandError(f"{options['topic']!r} has no log.")
        if options["json"]:
            self.stdout.write(json.dumps(known, indent=2))
            return
        events = known.pop("events")
        known["emptied"] = moment(known["emptied"])
        known["rule"] = known["rule"] or "none: nobody may read it, and nothing is trimmed"
        for key, value in known.items():
            self.stdout.write(f"{key + ':':<12}{'' if value is None else value}".rstrip())
        for event in events:
            who = f" by {event['by']}" if event["by"] else ""
            line = f"{event['seq']}  {moment(event['ts'])}  {event['type']}{who}  {event['data']}"
            self.stdout.write(plain(line))

    def _trim(self, options: Options) -> None:
        after: str | None = ""
        with database.session() as session:
            while after is not None:
                after = trimming.trim(session, after, PASS_SECONDS)
        self.stdout.write("Every log has been trimmed to what its rule keeps.")

    def _renew(self, options: Options) -> None:
        if bool(options["topic"]) == options["all"]:
            raise CommandError("Name the topics to renew, or give --all for every one.")
        if options["all"]:
            self.stdout.write(f"{deleting.renew_all()} renewed.")
        else:
            self._each(options["topic"], deleting.renew, "renewed")

    def _delete(self, options: Options) -> None:
        self._each(options["topic"], deleting.delete, "deleted")

    def _token(self, options: Options) -> None:
        reach = tuple(options["topic"])
        who = _visitor(options["user"], options["guest"])
        self.stdout.write(tokens.token(who, topics=reach, seconds=options["seconds"]))

    def _each(self, topics: list[str], action: Callable[[str], bool], word: str) -> None:
        missing = [topic for topic in topics if not action(topic)]
        self.stdout.write(f"{len(topics) - len(missing)} {word}.")
        if missing:
            raise CommandError(f"There is no log of {', '.join(missing)}.")


def _visitor(user: str | None, guest: str | None) -> Visitor:
    if user is None:
        return visitors.guest(guest or "")
    users: Any = get_user_model()
    try:
        return visitors.signed_in(users._default_manager.get_by_natural_key(user))
    except users.DoesNotExist:
        raise CommandError(f"There is no user {user!r}.") from None
