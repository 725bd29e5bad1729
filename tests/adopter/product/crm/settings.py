"""A product that was there before: its settings, and at the end what the library asked for."""

from __future__ import annotations

import json
import os
from typing import Any

SECRET_KEY = "a product's own"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = False
TIME_ZONE = "Europe/Lisbon"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
AUTH_USER_MODEL = "accounts.User"
ROOT_URLCONF = "crm.urls"
ASGI_APPLICATION = "crm.asgi.application"
WSGI_APPLICATION = "crm.wsgi.application"
STATIC_URL = "static/"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "crm.accounts",
    "crm.realtime",
    "crm.tasks",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

DATABASES = json.loads(os.environ["CRM_DATABASES"])
DATABASES["default"]["ATOMIC_REQUESTS"] = True
DATABASE_ROUTERS = ["crm.routers.Replica"]

_redis = os.environ["CRM_REDIS_URL"]
CELERY_BROKER_URL = _redis
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_RESULT_BACKEND = _redis
CELERY_RESULT_EXTENDED = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TRACK_STARTED = True
CELERY_TASK_DEFAULT_QUEUE = "crm"
CELERY_TASK_ROUTES = {
    "channel.*": {"queue": "background"},
    "crm.tasks.tasks.slow_*": {"queue": "slow"},
}

_host = {
    "address": _redis,
    "socket_timeout": 15,
    "socket_keepalive": True,
    "max_connections": 1000,
}
_sockets = {
    "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "CONFIG": {"hosts": [_host]},
}
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": _sockets,
    "machines": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [_host], "prefix": "machines"},
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}

# What the library asked for.
INSTALLED_APPS += ["channels_celery"]
CHANNEL_LAYERS["sockets"] = _sockets
CHANNEL_LAYERS["default"] = {
    "BACKEND": "channels_celery.CeleryChannelLayer",
    "CONFIG": {"inner": "sockets"},
}
