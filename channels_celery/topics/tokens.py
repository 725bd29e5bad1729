"""Bearer tokens for programs: signed, for a while, for one visitor and the topics they name."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.core import signing

from channels_celery.errors import BadOption

from . import names
from .access import Refused, Visitor

#: What tells these from any other system's tokens, also to who looks for secrets in a repository.
PREFIX = "cct_"
SALT = "channels_celery.topics.token"
#: The code of a refusal: a socket is closed with 4501, a request is answered with 401.
CODE = "credentials"
ENDED = "This token has ended; ask for another one."


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says that still holds: whose it is, and for which topics."""

    id: str
    name: str
    #: The key of Django's user, as text; None for a guest.
    user: str | None
    #: Changes with the user's password.
    mark: str
    topics: tuple[str, ...]


def token(visitor: Visitor, *, topics: Sequence[str], seconds: float = 3600) -> str:
    """A token by which a program is this visitor, on `topics` and as long as it says.

    It is sent as `Authorization: Bearer`, never in a URL. `topics` are names, or beginnings as in
    `images.*`; on them the rules decide as they do for the visitor. A user's token ends with the
    user's password or account, at the latest after `seconds`. Who has it can read what it says.
    """
    if visitor.id is None:
        raise BadOption("token(): expected a visitor with an id, a user or a guest with a session.")
    if isinstance(topics, str) or not topics:
        raise BadOption(f"token(topics={topics!r}): expected a tuple, as in ('images.*',).")
    if isinstance(seconds, bool) or not 0 < seconds < math.inf:
        raise BadOption(f"token(seconds={seconds!r}): expected a finite number above 0.")
    user = visitor.user if visitor.user.is_authenticated else None
    said = {
        "id": visitor.id,
        "name": visitor.name,
        "topics": [names.check_reach(topic) for topic in topics],
        "user": None if user is None else str(user.pk),
        "mark": "" if user is None else marks_of(user)[0],
        "until": int(time.time() + seconds),
    }
    return PREFIX + _signer().sign_object(said)


def claims_of(text: str) -> Claims:
    """What this token says; Refused when it is not ours, or its time is over."""
    try:
        said: Any = _signer().unsign_object(text.removeprefix(PREFIX))
    except (signing.BadSignature, ValueError):
        raise Refused(CODE, "This is no token of this site's.") from None
    if said["until"] <= time.time():
        raise Refused(CODE, ENDED)
    topics = tuple(said["topics"])
    return Claims(said["id"], said["name"], said["user"], said["mark"], topics)


def end_of(text: str) -> float:
    """When this token ends, in seconds since 1970; never for what claims nothing."""
    try:
        return float(_signer().unsign_object(text.removeprefix(PREFIX))["until"])
    except (signing.BadSignature, ValueError):
        return math.inf


def marks_of(user: Any) -> list[str]:
    """What a token of this user may carry: the present mark first, then those of older keys."""
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return [sha256(one.encode()).hexdigest()[:32] for one in hashes]


def of_scope(scope: Mapping[str, Any]) -> str | None:
    """The token in the headers of an ASGI scope."""
    headers: Iterable[tuple[bytes, bytes]] = scope.get("headers", ())
    found = (value.decode("latin-1") for key, value in headers if key.lower() == b"authorization")
    given = of_header(next(found, ""))
    stacked = "user" in scope or "session" in scope
    # A stack above has read its own kind of token.
    return None if given is not None and stacked and not is_ours(given) else given


def of_header(value: str) -> str | None:
    """The token in an Authorization header; other schemes are somebody else's, a proxy's."""
    scheme, _, text = value.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


def is_ours(text: str) -> bool:
    return text.startswith(PREFIX)


def _signer() -> signing.TimestampSigner:
    # A colon may not stand in a bearer token.
    return signing.TimestampSigner(salt=SALT, sep=".")
