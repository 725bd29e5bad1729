"""The set-up that the documentation of Channels and Celery shows: their Redis layer and broker."""

from __future__ import annotations

import os

SECRET_KEY = "only-for-measuring"  # noqa: S105 - it guards nothing
USE_TZ = True
INSTALLED_APPS = ["channels", "bench.peers"]
ASGI_APPLICATION = "bench.peers.asgi.application"
CELERY_BROKER_URL = os.environ["BENCH_REDIS_URL"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": os.environ["BENCH_PEER_LAYER"],
        # Shorter than redis-py 8's own, its blocking reads would fail.
        "CONFIG": {"hosts": [{"address": os.environ["BENCH_REDIS_URL"], "socket_timeout": 15}]},
    },
}
