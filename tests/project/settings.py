from __future__ import annotations

import json
import os

SECRET_KEY = "only-for-tests"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "channels_celery",
    "tests.project",
    "tests.project.running",
]
DATABASES = {"default": json.loads(os.environ["TEST_DATABASE"])}
CELERY_BROKER_URL = os.environ["TEST_REDIS_URL"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 15, "socket_connect_timeout": 5}
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_celery.CeleryChannelLayer", "CONFIG": {"inner": "sockets"}},
    "sockets": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": os.environ["TEST_REDIS_URL"], "socket_timeout": 15}]},
    },
}
CHANNELS_CELERY = json.loads(os.environ.get("TEST_CHANNELS_CELERY", "{}"))
TASKS = {
    "default": {
        "BACKEND": "channels_celery.jobs.django_tasks.LedgerBackend",
        "QUEUES": ["default", "slow"],
    }
}
# What a test says otherwise, above all of its broker and of the release that it runs.
globals().update(json.loads(os.environ.get("TEST_SETTINGS", "{}")))
