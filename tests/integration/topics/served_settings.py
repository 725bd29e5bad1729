"""Settings of a server under test: those of the tests, on the test's own database and Redis."""

from __future__ import annotations

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

_given = json.loads(os.environ["SERVED"])
DATABASES[_given["alias"]]["NAME"] = _given["name"]
CHANNELS_CELERY = _given["settings"] | {"DATABASE": _given["alias"]}
if _given["redis"] is None:
    # A project of one process: the library's layer around Channels' own in memory.
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_celery.CeleryChannelLayer",
            "CONFIG": {"inner": "sockets"},
        },
        "sockets": {"BACKEND": "channels.layers.InMemoryChannelLayer"},
    }
else:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [{"address": _given["redis"], "socket_timeout": 15}]},
        }
    }
