from __future__ import annotations

from channels_celery.errors import ChannelsCeleryError


class Refused(ChannelsCeleryError):
    """What somebody asks for is not done, for a reason that is told; where asking again helps,
    after `wait` seconds."""

    def __init__(self, code: str, message: str, status: int, wait: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.headers = {"Retry-After": str(wait)} if wait else {}
