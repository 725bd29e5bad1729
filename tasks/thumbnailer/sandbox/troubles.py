from __future__ import annotations

from channels_celery.errors import ChannelsCeleryError


class Trouble(ChannelsCeleryError):
    """The machine could not decode an image; that says nothing about the file."""


class ServerGone(Trouble):
    """The process that forks decoders has ended or does not answer."""


class Busy(Trouble):
    """A decode took too long by the clock, though not by the processor: others had it."""


class NoMemory(Trouble):
    """A decode needs more memory than it was allowed."""


class Crashed(Trouble):
    """The decoder itself broke: a signal ended it, or it said what no decoder says."""
