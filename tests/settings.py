"""Settings of the library's own tests: the same code on SQLite and on PostgreSQL.

`database` (a fixture) says which of the two aliases a test works on. The acceptance tests
run the site with its own settings, in processes of its own.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.services import postgresql_folder

#: One folder a run, shared by its processes, removed at its end.
RUN = Path(os.environ.setdefault("TEST_RUN_DIR", tempfile.mkdtemp(prefix="cc-")))
POSTGRESQL = RUN / "pg"

SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
USE_TZ = True
ROOT_URLCONF = "tests.urls"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "channels_celery",
    "realtime.chat",
    "tasks.thumbnailer",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "DIRS": [Path(__file__).resolve().parent.parent / "config" / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.accounts.who",
            ],
        },
    }
]
STATIC_URL = "/static/"
MEDIA_ROOT = RUN / "media"
STORAGES = {"default": {"BACKEND": "tasks.thumbnailer.storage.WholeFiles"}}
DATABASES: dict[str, dict[str, object]] = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": RUN / "db.sqlite3",
        "TEST": {"NAME": str(RUN / "test.sqlite3")},
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
}
if postgresql_folder():
    DATABASES["postgresql"] = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": str(POSTGRESQL),
        "USER": "postgres",
        "NAME": "postgres",
        "TEST": {"DEPENDENCIES": []},
    }
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_celery.CeleryChannelLayer",
        "CONFIG": {"inner": "sockets"},
    },
    "sockets": {"BACKEND": "channels.layers.InMemoryChannelLayer"},
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
