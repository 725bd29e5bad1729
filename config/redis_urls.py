from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .environment import Environment

#: Longer than the layer's blocking read of 5 s, or idle sockets and workers die (redis-py 8
#: has a default of 5 s); bounded, or a half-open connection would be waited for without end.
SOCKET_TIMEOUT_SECONDS = 15
#: redis-py 8 stops at 100 connections, and each waiting socket holds one.
MAX_CONNECTIONS = 1000
CACHE_TIMEOUT_SECONDS = 0.3

_SOCKET = "unix"
_KOMBU_SOCKET = "redis+socket"
_TCP = ("redis", "rediss")
_RABBITMQ = ("amqp", "amqps", "pyamqp")


def layer(env: Environment) -> str:
    """REDIS_URL, which is required: the Redis of the channel layer."""
    hint = "Write redis://host:6379/0 or unix:///path/to/socket."
    value = env.required("REDIS_URL", hint)
    return env.address("REDIS_URL", value, (*_TCP, _SOCKET, _KOMBU_SOCKET), hint)


def broker(env: Environment, layer_url: str) -> str:
    """CELERY_BROKER_URL, as Celery writes it; without one, the Redis of the channel layer."""
    hint = "Write redis://host:6379/1, or amqp://user:password@host// for RabbitMQ."
    value = broker_url(env.text("CELERY_BROKER_URL", layer_url))
    return env.address("CELERY_BROKER_URL", value, (*_TCP, _KOMBU_SOCKET, *_RABBITMQ), hint)


def broker_url(url: str) -> str:
    """The address of a Redis as Celery writes it: a Unix socket is `redis+socket://`."""
    if not url.startswith(f"{_SOCKET}:"):
        return url
    parts = urlsplit(url)
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"{_KOMBU_SOCKET}://{parts.path}?virtual_host={database}"


def client_url(url: str) -> str:
    """The address of a Redis as redis-py and channels_redis write it: `unix://`."""
    parts = urlsplit(url)
    if parts.scheme != _KOMBU_SOCKET:
        return url
    database = parse_qs(parts.query).get("virtual_host", ["0"])[0]
    return f"{_SOCKET}://{parts.path}?db={database}"


def layer_host(url: str) -> dict[str, Any]:
    """An entry of channels_redis' `hosts` that survives redis-py 8."""
    host: dict[str, Any] = {
        "address": client_url(url),
        "socket_timeout": SOCKET_TIMEOUT_SECONDS,
        "max_connections": MAX_CONNECTIONS,
    }
    if urlsplit(host["address"]).scheme != _SOCKET:
        host["socket_keepalive"] = True
    return host


def cache(url: str) -> dict[str, Any]:
    """An entry of CACHES: what is only counted must not make anybody wait for it."""
    options = {
        "serializer": json,
        "socket_timeout": CACHE_TIMEOUT_SECONDS,
        "socket_connect_timeout": CACHE_TIMEOUT_SECONDS,
    }
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": client_url(url),
        "OPTIONS": options,
    }
