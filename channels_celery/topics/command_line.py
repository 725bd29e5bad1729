"""The arguments of `manage.py topics`."""

from __future__ import annotations

from argparse import ArgumentParser


def add_arguments(parser: ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    _list(what.add_parser("list", help="the logs there are"))
    _show(what.add_parser("show", help="one log: its rule, its bounds, its last events"))
    what.add_parser("trim", help="remove now what no rule keeps; hubs and workers do it anyway")
    _renew(what.add_parser("renew", help="after a restore: everybody loads their state anew"))
    _delete(what.add_parser("delete", help="remove whole logs"))
    _token(what.add_parser("token", help="a program's credentials for some topics"))


def _list(parser: ArgumentParser) -> None:
    parser.add_argument("--prefix", default="", help="only names that begin so")
    parser.add_argument("--limit", type=int, default=50)
    _json(parser)


def _show(parser: ArgumentParser) -> None:
    parser.add_argument("topic")
    parser.add_argument("--limit", type=int, default=10, help="of its last events")
    _json(parser)


def _renew(parser: ArgumentParser) -> None:
    parser.add_argument("topic", nargs="*")
    parser.add_argument("--all", action="store_true", help="every log, in one statement")


def _delete(parser: ArgumentParser) -> None:
    parser.add_argument("topic", nargs="+")


def _token(parser: ArgumentParser) -> None:
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user", help="the name that the user signs in with")
    who.add_argument("--guest", help="a guest's id, as the topics of their own have it")
    parser.add_argument(
        "--topic", action="append", required=True, help="a name, or a beginning as 'images.*'"
    )
    parser.add_argument("--seconds", type=float, default=3600, help="how long it holds")


def _json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")
