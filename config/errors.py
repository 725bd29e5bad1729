from __future__ import annotations

from channels_celery.errors import ChannelsCeleryError


class EnvironmentRefused(ChannelsCeleryError):
    """The environment lacks a setting that this process can not serve without."""


class CannotStart(ChannelsCeleryError):
    """The site can not be started on this machine as it is."""
