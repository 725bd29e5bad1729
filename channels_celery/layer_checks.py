from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

from django.apps import AppConfig
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Info, Warning, register

from . import settings

WRAPPER = ("channels_celery.CeleryChannelLayer", "channels_celery.jobs.layer.CeleryChannelLayer")
IN_MEMORY = "channels.layers.InMemoryChannelLayer"
#: The first redis-py whose defaults do not fit channels_redis.
REDIS_PY = 8
#: channels_redis' blocking pop takes so long; a read may not end sooner.
POP_SECONDS = 5
#: redis-py 8 opens no more by default; each socket that is sent to at once needs one.
DEFAULT_CONNECTIONS = 100

Apps = Sequence[AppConfig] | None


def _layers() -> dict[str, Any]:
    return dict(getattr(django_settings, "CHANNEL_LAYERS", {}))


def _config(alias: str) -> dict[str, Any]:
    return dict(_layers()[alias].get("CONFIG", {}))


def _backend(alias: str) -> str:
    return str(_layers()[alias].get("BACKEND", ""))


@register
def check_layers(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """CHANNEL_LAYERS as the library uses it: doorbells, reply channels, the wrapper."""
    return [*_layer_of_doorbells(), *_wrappers(), *_in_memory(), *_redis()]


@register
def check_doorbells(app_configs: Apps, **_: Any) -> list[CheckMessage]:
    """The layer that carries doorbells: what it costs, and whether a dead line is noticed."""
    alias = _of_doorbells()
    if alias is None or not _backend(alias).startswith("channels_redis."):
        return []
    return [*_costs(alias), *_dead_lines(alias)]


def _costs(alias: str) -> Iterator[CheckMessage]:
    if _backend(alias).startswith("channels_redis.core."):
        yield Info(
            f"CHANNEL_LAYERS[{alias!r}] takes four times the processor time of channels_redis'"
            " other layer for each doorbell.",
            hint='Set "BACKEND" to "channels_redis.pubsub.RedisPubSubChannelLayer".',
            id="channels_celery.I020",
        )


def _dead_lines(alias: str) -> Iterator[CheckMessage]:
    for host in _hosts(alias):
        address = host.get("address", "") if isinstance(host, dict) else host
        local = isinstance(address, str) and address.startswith("unix:")
        if not local and not _option(host, "socket_keepalive"):
            yield Info(
                f"CHANNEL_LAYERS[{alias!r}]: a line to Redis that died without a word is found out"
                " late: doorbells are missed meanwhile, and events come with the sweep.",
                hint='Give each of "hosts" as {"address": …, "socket_keepalive": True}.',
                id="channels_celery.I021",
            )


def _of_doorbells() -> str | None:
    """The alias of the layer that really carries them, inside a wrapper or not."""
    alias = settings.alias("LAYER")
    if alias in _layers() and _backend(alias) in WRAPPER:
        alias = str(_config(alias).get("inner"))
    return alias if alias in _layers() else None


def _layer_of_doorbells() -> Iterator[CheckMessage]:
    alias = settings.alias("LAYER")
    if alias not in _layers():
        yield Error(
            f"{settings.NAME}['LAYER'] is {alias!r}, which CHANNEL_LAYERS does not have.",
            hint="Add the layer, or name another one: doorbells go over it.",
            id="channels_celery.E010",
        )


def _wrappers() -> Iterator[CheckMessage]:
    for alias in _layers():
        if _backend(alias) not in WRAPPER:
            continue
        inner = _config(alias).get("inner")
        if inner is None or inner not in _layers():
            yield Error(
                f"CHANNEL_LAYERS[{alias!r}] wraps {inner!r}, which CHANNEL_LAYERS does not have.",
                hint='Set "CONFIG": {"inner": alias} to the layer that carries all else.',
                id="channels_celery.E011",
            )
        elif _backend(inner) in WRAPPER:
            yield Error(
                f"CHANNEL_LAYERS[{alias!r}] wraps {inner!r}, which is a CeleryChannelLayer itself.",
                hint='Set "inner" to a layer that carries messages, such as channels_redis.',
                id="channels_celery.E011",
            )


def _in_memory() -> Iterator[CheckMessage]:
    alias = _of_doorbells()
    if alias is not None and _backend(alias) == IN_MEMORY:
        yield Warning(
            f"CHANNEL_LAYERS[{alias!r}] is in memory: what a Celery worker announces does not reach"
            " the web process before its next look at the log, and reply channels hear nothing.",
            hint="Use channels_redis wherever a worker runs as a process of its own.",
            id="channels_celery.W012",
        )


def _redis() -> Iterator[CheckMessage]:
    if _redis_py() < REDIS_PY:
        return
    for alias in _layers():
        if not _backend(alias).startswith("channels_redis."):
            continue
        for host in _hosts(alias):
            if _backend(alias).startswith("channels_redis.core.") and _times_out(host):
                yield Error(
                    f"CHANNEL_LAYERS[{alias!r}]: redis-py {REDIS_PY} ends every read after"
                    f" {POP_SECONDS} s, as long as channels_redis waits: idle sockets die.",
                    hint='Give each of "hosts" as {"address": …, "socket_timeout": 15}.',
                    id="channels_celery.E013",
                )
            if _option(host, "max_connections") is None:
                yield Warning(
                    f"CHANNEL_LAYERS[{alias!r}]: redis-py {REDIS_PY} opens at most"
                    f" {DEFAULT_CONNECTIONS} connections: more sockets at once fail.",
                    hint='Give each of "hosts" as {"address": …, "max_connections": 1000}.',
                    id="channels_celery.W014",
                )


def _redis_py() -> int:
    try:
        return int(metadata.version("redis").split(".")[0])
    except (metadata.PackageNotFoundError, ValueError):
        return 0


def _hosts(alias: str) -> list[Any]:
    hosts = _config(alias).get("hosts") or ["redis://localhost:6379"]
    return list(hosts) if isinstance(hosts, list | tuple) else [hosts]


_NOT_SET = object()


def _times_out(host: Any) -> bool:
    seconds = _option(host, "socket_timeout", _NOT_SET)
    if seconds is _NOT_SET:
        return True
    try:
        return seconds is not None and float(seconds) <= POP_SECONDS
    except (TypeError, ValueError):
        return True


def _option(host: Any, name: str, default: Any = None) -> Any:
    """An option of redis-py, from the host's dict or from its address."""
    if isinstance(host, dict):
        if name in host:
            return host[name]
        host = host.get("address", "")
    if isinstance(host, str) and f"{name}=" in host:
        return host.split(f"{name}=", 1)[1].split("&", 1)[0]
    return default
