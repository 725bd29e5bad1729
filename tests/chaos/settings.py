"""Settings of the site under faults: as in production, apart from its throw-away services."""

from __future__ import annotations

import json
import os

_redis = os.environ["CHAOS_REDIS_URL"]

SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "tests.chaos.urls"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "channels_celery",
    "tests.chaos",
]
DATABASES = {"default": json.loads(os.environ["CHAOS_DATABASE"])}
CELERY_BROKER_URL = _redis
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_DB_REUSE_MAX = 1_000_000
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 15, "socket_connect_timeout": 5}
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_celery.CeleryChannelLayer", "CONFIG": {"inner": "sockets"}},
    "sockets": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": _redis, "socket_timeout": 15, "max_connections": 1_000}]},
    },
}
CHANNELS_CELERY = json.loads(os.environ.get("CHAOS_SETTINGS", "{}"))
