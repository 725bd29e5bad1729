from __future__ import annotations

from channels_celery.errors import ChannelsCeleryError


class CannotStart(ChannelsCeleryError):
    """The site can not be started on this machine as it is."""
