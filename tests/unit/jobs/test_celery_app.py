from __future__ import annotations

import threading
from collections.abc import Iterator

import celery
import pytest
from celery import _state

from channels_celery.jobs import mirror


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[celery.Celery]:
    """A project's app, made after something had asked Celery for the current one."""
    before = _state._tls.current_app
    _state._set_current_app(None)
    monkeypatch.setattr(_state, "default_app", None)
    assert mirror.is_default(celery.current_app._get_current_object())
    monkeypatch.setattr(mirror, "_seen_at_start", None)
    made = celery.Celery("project", broker="memory://")
    yield made
    _state._set_current_app(before)


def from_another_thread() -> celery.Celery:
    found: list[celery.Celery] = []
    thread = threading.Thread(target=lambda: found.append(mirror.project_app()))
    thread.start()
    thread.join()
    return found[0]


def test_every_thread_finds_the_projects_app(app: celery.Celery) -> None:
    mirror.remember_app()
    assert mirror.project_app() is app
    assert from_another_thread() is app


def test_without_remembering_another_thread_has_celerys_own_app(app: celery.Celery) -> None:
    assert not mirror.is_default(app)
    assert mirror.is_default(from_another_thread())
