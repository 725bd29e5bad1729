from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

ON_DATABASE = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def site(settings: Any, tmp_path: Path) -> None:
    """The thumbnailer's own pages, files in a folder of the test's own."""
    settings.ROOT_URLCONF = "tests.unit.thumbnailer.urls"
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def guest(transactional_db: None) -> Iterator[Client]:
    from channels_celery import database

    yield Client()
    database.close_idle()
