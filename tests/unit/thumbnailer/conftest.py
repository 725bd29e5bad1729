from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

ON_DATABASE = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def site(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thumbnailer's own pages, files in a folder of the test's own, and no broker."""
    monkeypatch.setattr("channels_celery.jobs.hints.publish", lambda hint, seconds=0.0: None)
    settings.ROOT_URLCONF = "tests.unit.thumbnailer.urls"
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def guest(transactional_db: None) -> Client:
    return Client()
