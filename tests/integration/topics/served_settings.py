"""Settings of a server under test: those of the tests, on the test's own database and Redis."""

from __future__ import annotations

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

_given = json.loads(os.environ["SERVED"])
DATABASES[_given["alias"]]["NAME"] = _given["name"]
CHANNELS_CELERY = _given["settings"] | {"DATABASE": _given["alias"]}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": _given["redis"], "socket_timeout": 15}]},
    }
}
