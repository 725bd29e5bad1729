"""A project with the library, set up as its site is."""

from __future__ import annotations

import json
import os

SECRET_KEY = "only-for-measuring"  # noqa: S105 - it guards nothing
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "channels_celery",
    "bench.ours",
]
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES = {"default": json.loads(os.environ["BENCH_DATABASE"])}
CELERY_BROKER_URL = os.environ["BENCH_REDIS_URL"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_DB_REUSE_MAX = 1_000_000
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_celery.CeleryChannelLayer", "CONFIG": {"inner": "sockets"}},
    "sockets": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [
                {
                    "address": os.environ["BENCH_REDIS_URL"],
                    "socket_timeout": 15,
                    "max_connections": 1000,
                }
            ]
        },
    },
}
