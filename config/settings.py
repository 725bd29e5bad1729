"""The site's settings: the environment in, every variable once. See README for their meaning.

Without DATABASE_URL all that is unset is the embedded one under VAR_DIR; with it this is
production, and what must not be guessed is required.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from . import databases, embedded, https, media, redis_urls
from .environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent

_env = Environment(os.environ)
_production = bool(_env.text("DATABASE_URL"))

VAR_DIR = Path(_env.text("VAR_DIR", str(BASE_DIR / "var"))).absolute()
HOST = _env.text("HOST", "127.0.0.1")
PORT = _env.number("PORT", 8000, low=1, high=65535)
WORKERS = _env.number("WORKERS", 1, low=0, high=64)
DEBUG = _env.flag("DEBUG")

_key_hint = "Write 50 random characters, the same in every process."
SECRET_KEY = (
    _env.secret("SECRET_KEY", _key_hint)
    if _production or _env.text("SECRET_KEY") or _env.text("SECRET_KEY_FILE")
    else embedded.secret_key(VAR_DIR)
)
ALLOWED_HOSTS = https.hosts(_env)
if not _production:
    ALLOWED_HOSTS = ALLOWED_HOSTS or [".localhost", "127.0.0.1", "[::1]", HOST]
elif not ALLOWED_HOSTS:
    _env.required("ALLOWED_HOSTS", "Write the host names of this site, separated by commas.")
CSRF_TRUSTED_ORIGINS = https.origins(_env)

HTTPS = _env.flag("HTTPS", default=_production)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = https.HSTS_SECONDS if HTTPS else 0
#: Whether WSGI requests come through a proxy that says from where; Daphne has its --proxy-headers.
PROXY_HEADERS = _env.flag("PROXY_HEADERS")
SECURE_PROXY_SSL_HEADER = https.PROXY_HEADER if HTTPS else None
# Other names under this one, and lists in browsers, are their owners' matter.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

INSTALLED_APPS = [
    "config",
    "channels_celery",
    "realtime.chat",
    "realtime.echo",
    "tasks.thumbnailer",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "config.probes.probes",
    "django.middleware.security.SecurityMiddleware",
    "config.csp.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.accounts.who",
            ],
        },
    },
]

DATABASES: dict[str, Any] = {"default": databases.default(_env, VAR_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

#: `manage.py up` runs a Redis of its own.
PRIVATE_REDIS = not _production and not _env.text("REDIS_URL")
REDIS_URL = f"unix://{embedded.socket_path(VAR_DIR)}" if PRIVATE_REDIS else redis_urls.layer(_env)
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_celery.CeleryChannelLayer",
        "CONFIG": {"inner": "sockets"},
    },
    "sockets": {
        # Measured: 0.25 ms of CPU a message, the core layer takes 1.03.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [redis_urls.layer_host(REDIS_URL)]},
    },
}

# Counts how often people do things; what must not be lost is in the database.
CACHES = {"default": redis_urls.cache(REDIS_URL)}

CELERY_BROKER_URL = redis_urls.broker(_env, REDIS_URL)
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
# A worker waits for its broker, however long; a hint behind a long job would wait with it.
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Celery would close every connection around each task; Django's own rules close the stale ones.
CELERY_DB_REUSE_MAX = 1_000_000

# Sessions can be ended by the server only while they are its own: signed cookies can not.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "start"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
STATIC_URL = "/static/"
STATIC_ROOT = _env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles"))
#: What a Daphne holds at most of the bodies that it receives.
BODIES_MB = _env.number("BODIES_MB", 400, low=100, high=1_000_000)
STORAGES = {
    "default": media.storage(_env),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = _env.text("MEDIA_ROOT", str(VAR_DIR / "media"))
#: Where the proxy serves MEDIA_ROOT from, internally, once a view has allowed it.
MEDIA_ACCEL = media.accelerated(_env)

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        name: {"level": "INFO"} for name in ("channels_celery", "config", "realtime", "tasks")
    },
}

#: What is wrong with the environment: reported by the system check, refused by web servers.
ENVIRONMENT_PROBLEMS = _env.problems
