from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_django

from tests import leftovers, services

#: Modules whose tests take a process's life or a browser's time: `make proof` runs them.
#: Of other modules some tests are marked by themselves.
LONG_PROOFS = frozenset(
    {
        "test_ambiguous_commit",
        "test_away",
        "test_body_memory",
        "test_bombs",
        "test_bucket",
        "test_client_in_chromium",
        "test_client_types",
        "test_corpus",
        "test_django_tasks_in_a_worker",
        "test_doorbell_over_redis",
        "test_failpoints",
        "test_health",
        "test_hostile_decoders",
        "test_images_limits",
        "test_kills",
        "test_ledger_machine",
        "test_looks",
        "test_outbox_in_chromium",
        "test_presence_on_servers",
        "test_rabbitmq",
        "test_readme",
        "test_pages_of_docs",
        "test_running",
        "test_streams_in_chromium",
        "test_tabs_in_chromium",
        "test_tutorial",
        "test_topics_machine",
        "test_up",
        "test_worker",
    }
)
FOUND = pytest.StashKey[leftovers.Found]()
DATABASE_ALIAS = {"sqlite": "default", "postgresql": "postgresql"}


def pytest_unconfigure(config: pytest.Config) -> None:
    """The run's own folder and server end with the process that began them."""
    if hasattr(config, "workerinput") or "TEST_RUN_DIR" not in os.environ:
        return
    run = Path(os.environ["TEST_RUN_DIR"])
    services.stop_postgresql(run / "pg")
    shutil.rmtree(run, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the long proofs by their module, in one place."""
    for item in items:
        if item.path.stem in LONG_PROOFS:
            item.add_marker(pytest.mark.proof)
            if "sqlite" in item.name.partition("[")[2]:
                item.add_marker(pytest.mark.sqlite_too)
        elif item.path.parent.name == "adopter":
            item.add_marker(pytest.mark.adopter)


def pytest_collection_finish() -> None:
    """In all threads one Celery app is the project's, whatever is imported before or later."""
    from config.celery import app

    app.set_current()
    app.set_default()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    item.stash[FOUND] = leftovers.found()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """After all fixtures: the test has left the process as it was."""
    result = yield
    leftovers.put_away()
    if FOUND in item.stash:
        leftovers.check(item.stash[FOUND])
    return result


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    from tests.settings import POSTGRESQL

    services.start_postgresql(POSTGRESQL)


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[None]:
    """Empty databases, before the first test as before all others."""
    from django.db import connections
    from django.test import TransactionTestCase

    from tests import emptying

    with django_db_blocker.unblock():
        for alias in connections:
            emptying.empty(alias)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptying.empty_all)
        yield


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.django_db(transaction=True, databases=[alias]))
        for name, alias in DATABASE_ALIAS.items()
    ]
)
def database(request: pytest.FixtureRequest, settings: Any) -> Iterator[str]:
    """The alias of the database under test: each test runs on SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        services.need("postgresql", services.postgresql_folder())
    alias = DATABASE_ALIAS[request.param]
    request.getfixturevalue("_django_db_helper")
    settings.CHANNELS_CELERY = {**getattr(settings, "CHANNELS_CELERY", {}), "DATABASE": alias}
    yield alias
    from channels_celery import database as ours

    ours.close_idle()


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.django_db(databases=[alias]))
        for name, alias in DATABASE_ALIAS.items()
    ]
)
def test_case(request: pytest.FixtureRequest, settings: Any) -> str:
    """A database whose test runs inside one transaction that is rolled back, as `TestCase` does."""
    if request.param == "postgresql":
        services.need("postgresql", services.postgresql_folder())
    alias = DATABASE_ALIAS[request.param]
    request.getfixturevalue("_django_db_helper")
    settings.CHANNELS_CELERY = {"DATABASE": alias}
    return alias


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub of the test's own process leaves its signals to whoever runs the tests."""
    monkeypatch.setattr("channels_celery.topics.hub.Farewell.chained", lambda loop, say_bye: None)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private Redis of this test process."""
    with services.redis_server(tmp_path_factory.mktemp("redis")) as (port, _):
        yield f"redis://127.0.0.1:{port}/0"
