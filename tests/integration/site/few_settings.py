"""The site's own settings with few uploads an hour."""

from __future__ import annotations

from config.settings import *  # noqa: F403

THUMBNAILER_LIMITS = {"FILES_AN_HOUR": 2}
DEBUG = True
