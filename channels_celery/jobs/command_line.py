"""The arguments of `manage.py jobs`."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from uuid import UUID

from .states import State


def add_arguments(parser: ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    _send(what.add_parser("send", help="accept a message, and watch it with --wait"))
    _list(what.add_parser("list", help="the newest jobs, or those of one kind"))
    _show(what.add_parser("show", help="everything known of a job"))
    _retry(what.add_parser("retry", help="accept failed jobs again"))
    _cancel(what.add_parser("cancel", help="cancel jobs that wait, ask running ones to stop"))


def _send(parser: ArgumentParser) -> None:
    parser.add_argument("channel")
    parser.add_argument("message", help="a JSON object; - reads it from standard input")
    parser.add_argument("--topic", help="where its events are published")
    parser.add_argument("--countdown", type=float, metavar="SECONDS", help="start so much later")
    parser.add_argument("--expires", type=float, metavar="SECONDS", help="never start after")
    parser.add_argument("--unique-key", metavar="KEY", help="one open job of this key only")
    parser.add_argument("--wait", action="store_true", help="watch it until its outcome")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="watch no longer")
    _json(parser)


def _list(parser: ArgumentParser) -> None:
    parser.add_argument("--stuck", action="store_true", help="could have run for 30 s, and why")
    parser.add_argument("--failed", action="store_true", help="the dead letters")
    parser.add_argument("--state", choices=[state.value for state in State])
    parser.add_argument("--channel")
    parser.add_argument("--limit", type=int, default=50)
    _json(parser)


def _show(parser: ArgumentParser) -> None:
    parser.add_argument("id", type=_id)
    _json(parser)


def _retry(parser: ArgumentParser) -> None:
    parser.add_argument("id", type=_id, nargs="*")
    parser.add_argument("--failed", action="store_true", help="every failed job")
    parser.add_argument("--channel", help="only those of this channel")
    _json(parser)


def _cancel(parser: ArgumentParser) -> None:
    parser.add_argument("id", type=_id, nargs="*")
    parser.add_argument("--waiting", action="store_true", help="every job that does not run")
    parser.add_argument("--channel", help="only those of this channel")
    _json(parser)


def _json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no job's id: expected a UUID") from None
