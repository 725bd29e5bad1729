"""Sessions and users of many sockets: two queries, and the same answer as Django's own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import auth
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from channels_celery.topics import sessions
from channels_celery.topics.lookup import Lookup, Peek
from channels_celery.topics.standing import Asked, Standing, standings

PLAIN = "django.contrib.auth.backends.ModelBackend"

pytestmark = pytest.mark.django_db


class OnlyStaff(ModelBackend):
    """A project's own backend."""

    def get_user(self, user_id: Any) -> Any:
        user = super().get_user(user_id)
        return user if user and user.is_staff else None


def signed_in(name: str) -> str:
    client = Client()
    client.force_login(User.objects.create_user(name, password="words"), PLAIN)
    return client.cookies["sessionid"].value


def spoilt(what: str) -> None:
    users = User.objects.all()
    match what:
        case "blocked":
            users.update(is_active=False)
        case "other password":
            users.update(password="other")
        case "gone":
            users.delete()
        case "signed out":
            Session.objects.all().delete()
        case "expired":
            Session.objects.update(expire_date=timezone.now())


@pytest.mark.parametrize(
    "what", ["well", "blocked", "other password", "gone", "signed out", "expired"]
)
def test_who_it_is_is_what_django_says(what: str) -> None:
    key = signed_in("ann")
    spoilt(what)
    values = sessions.values_of(key)
    asked: Any = SimpleNamespace(session=Peek(values))
    expected = auth.get_user(asked)
    many = Lookup([key])
    assert many.values(key) == values
    assert many.user(many.values(key)) == expected
    assert expected.is_authenticated is (what == "well")


def test_a_rotated_secret_keeps_whom_it_keeps_for_django(settings: Any) -> None:
    key = signed_in("ann")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    many = Lookup([key])
    assert many.user(many.values(key)).is_authenticated
    settings.SECRET_KEY_FALLBACKS = []
    many = Lookup([key])
    assert not many.user(many.values(key)).is_authenticated


def test_many_sockets_cost_two_queries(django_assert_num_queries: Any) -> None:
    keys = [signed_in(f"u{number}") for number in range(10)]
    asked = [Asked({"headers": [(b"cookie", f"sessionid={key}".encode())]}, ()) for key in keys]
    asked.append(Asked({"headers": [(b"cookie", b"sessionid=none")]}, ()))
    with django_assert_num_queries(2):
        found = standings(asked)
    names = [one.visitor.name for one in found if isinstance(one, Standing)]
    assert names == [*(f"u{number}" for number in range(10)), "Guest"]


def test_a_backend_and_a_store_of_the_project_s_own_are_asked(settings: Any) -> None:
    key = signed_in("ann")
    path = f"{__name__}.OnlyStaff"
    settings.AUTHENTICATION_BACKENDS = [path]
    assert not Lookup([key]).user(Lookup([key]).values(key)).is_authenticated
    values = {**sessions.values_of(key), auth.BACKEND_SESSION_KEY: path}
    assert not Lookup().user(values).is_authenticated
    User.objects.update(is_staff=True)
    assert Lookup().user(values).is_authenticated
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    assert sessions.values_of_all([key]) == {}
    assert Lookup([key]).values(key) == sessions.values_of(key)
