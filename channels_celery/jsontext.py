from __future__ import annotations

import json
import math
from typing import Any

from .errors import BadMessage, TooLarge

#: A job's message and result.
MESSAGE_BYTES = 1_000_000
#: An event's data: it must fit a frame.
EVENT_BYTES = 32 * 1024
#: Deeper nesting than any reader of ours or of a browser accepts.
DEPTH = 64
#: Python itself reads and writes no longer ones (4,300 digits).
INTEGER_BITS = 4096


def dump(value: Any, *, name: str, limit: int) -> str:
    """JSON text of `value`, as every part of the library stores it.

    `name` is how errors call the value, `limit` the bound in bytes of UTF-8.
    Raises BadMessage naming the place and the remedy, TooLarge past the bound.
    """
    _check(value, name, 0)
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > limit:
        raise TooLarge(
            f"{name} is {size:,} bytes of JSON; at most {limit:,} fit. "
            "Store the data and send its key."
        )
    return text


def load(text: str) -> Any:
    return json.loads(text)


def _check(value: Any, path: str, depth: int) -> None:
    if depth > DEPTH:
        raise BadMessage(f"{path}: nested deeper than {DEPTH} levels; send a flatter value")
    if isinstance(value, int) and value.bit_length() > INTEGER_BITS:
        raise BadMessage(f"{path}: an integer of more than {INTEGER_BITS} bits; write str(...)")
    if value is None or isinstance(value, int):
        return
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise BadMessage(f"{path}: {value} is not JSON; write None or a number")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, f"{path}[{index}]", depth + 1)
    elif isinstance(value, dict):
        _check_dict(value, path, depth)
    else:
        kind = type(value).__name__
        raise BadMessage(f"{path}: {kind} is not JSON; write str(...) or a dict of plain values")


def _check_dict(value: dict[Any, Any], path: str, depth: int) -> None:
    for key, item in value.items():
        if not isinstance(key, str):
            raise BadMessage(
                f"{path}: the key {key!r} is no string; JSON would change it, write str(...)"
            )
        _check_text(key, path)
        _check(item, f'{path}["{key}"]', depth + 1)


def _check_text(value: str, path: str) -> None:
    # PostgreSQL's text refuses NUL, UTF-8 refuses half a surrogate pair.
    if "\x00" in value:
        raise BadMessage(f"{path}: text with a NUL character can not be stored; remove it")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise BadMessage(f"{path}: text with half a surrogate pair is not Unicode") from None
