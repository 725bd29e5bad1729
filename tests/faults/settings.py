"""Settings of the site under faults, on its throw-away services."""

from __future__ import annotations

import json
import os

_given = json.loads(os.environ["FAULTS"])

SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "channels_celery",
    "tests.faults",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES = {"default": _given["database"]}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": _given["layer"],
        "CONFIG": {"hosts": [{"address": _given["redis"], "socket_timeout": 15}]},
    }
}
# A reader at 1 KB/s needs 16 s for a frame as large as its window: it has to wait longer than that
# before it takes its line for dead.
CHANNELS_CELERY = {"PING_SECONDS": 8.0}
