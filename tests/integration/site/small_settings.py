"""The site's own settings with limits that a test reaches quickly."""

from __future__ import annotations

from config.settings import *  # noqa: F403

MB = 1024 * 1024
THUMBNAILER_LIMITS = {"FILE_BYTES": MB, "REQUEST_BYTES": 3 * MB}
BODIES_MB = 5
