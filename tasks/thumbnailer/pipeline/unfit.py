from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """What can be wrong with a file."""

    UNSUPPORTED = "unsupported"
    CORRUPT = "corrupt"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    TOO_COMPLEX = "too_complex"


class Unfit(Exception):
    """The file is at fault: the same bytes would end the same way again.

    Not one of the library's errors: the process that decodes does not load the library.
    """

    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(fault, detail)
        self.fault = fault
        self.detail = detail
