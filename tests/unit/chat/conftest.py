from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.test import Client

from channels_celery.topics import Visitor
from tests.unit.chat.conversation import Conversation


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    """The chat's own pages, and nobody counted yet."""
    settings.ROOT_URLCONF = "tests.unit.chat.urls"
    cache.clear()


@pytest.fixture
def lobby(transactional_db: None) -> Conversation:
    """An empty room."""
    from realtime.chat.models import Room

    Room.objects.get_or_create(slug="lobby", defaults={"name": "Lobby"})
    return Conversation("lobby")


@pytest.fixture
def client(lobby: Conversation) -> Client:
    return Client()


@pytest.fixture
def ann() -> Visitor:
    return Visitor(user=AnonymousUser(), id="g1", name="Ann")


@pytest.fixture
def bob() -> Visitor:
    return Visitor(user=AnonymousUser(), id="g2", name="Bob")
