"""Is the process up, and is what it needs there: for load balancers and for `manage.py up`."""

from __future__ import annotations

import asyncio
from functools import cache

import redis
from celery import current_app
from django.conf import settings
from django.db import Error, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from redis.backoff import NoBackoff
from redis.retry import Retry

from channels_celery import clock, database
from channels_celery.jobs import overview

from .redis_urls import client_url

OK = "ok"
UNKNOWN = "unknown"
PROBE_SECONDS = 1.0
#: A worker whose last beat is older is gone.
WORKER_BEAT_MS = 15_000


@never_cache
def process(request: HttpRequest) -> HttpResponse:
    """This process answers; nothing else is asked."""
    return HttpResponse(OK, content_type="text/plain")


@never_cache
async def ready(request: HttpRequest) -> JsonResponse:
    """What the site needs, each `ok` or what is wrong; 503 only for the database.

    Without Redis, broker or workers, uploads and messages are still accepted: they wait. `jobs`
    names what is stuck and why.
    """
    (store, workers, jobs), layer, broker = await asyncio.gather(
        asyncio.to_thread(_database), asyncio.to_thread(_redis), asyncio.to_thread(_broker)
    )
    body = {"database": store, "redis": layer, "broker": broker, "workers": workers}
    body["jobs"] = jobs
    return JsonResponse(body, status=200 if store == OK else 503)


def _database() -> tuple[str, str, str]:
    try:
        if not _migrated():
            _migrated.cache_clear()
            return "not migrated: run manage.py migrate", UNKNOWN, UNKNOWN
        return OK, _workers(), overview.summary(overview.tallies()) or OK
    except Error as error:
        return f"away: {type(error).__name__}", UNKNOWN, UNKNOWN
    finally:
        connections.close_all()


@cache
def _migrated() -> bool:
    """Whether every migration is applied; once it is, this process asks no more."""
    executor = MigrationExecutor(connections["default"])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _workers() -> str:
    with database.session() as session:
        sql = f"SELECT count(*) FROM channels_celery_worker WHERE beat > {clock.now(session.vendor)} - %(age)s"  # noqa: E501
        ((alive,),) = session.rows(sql, {"age": WORKER_BEAT_MS})
    return OK if alive else "none runs: start celery -A config worker"


def _redis() -> str:
    try:
        with redis.Redis.from_url(
            client_url(settings.REDIS_URL),
            socket_timeout=PROBE_SECONDS,
            socket_connect_timeout=PROBE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            client.ping()
    except redis.RedisError as error:
        return f"away: {type(error).__name__}"
    return OK


def _broker() -> str:
    try:
        with current_app.connection_for_write(connect_timeout=PROBE_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, timeout=PROBE_SECONDS)
    except Exception as error:  # noqa: BLE001 - each transport has its own errors
        return f"away: {type(error).__name__}"
    return OK
