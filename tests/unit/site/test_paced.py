"""Who guesses passwords or makes accounts by the dozen has to wait, and is told how long."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, RequestFactory

from config import paced
from realtime.address import address_of
from realtime.pace import Pace

HOME, AWAY = {"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "192.0.2.2"}
WAIT = re.compile(r"Try again in \d+ (?:s|min)\.")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ROOT_URLCONF = "tests.unit.chat.urls"
    cache.clear()
    # In the middle of a window: with the next one all counts begin anew.
    monkeypatch.setattr("realtime.pace.time", lambda: 900.0)


def sign_in(password: str, name: str = "ann", **place: Any) -> HttpResponse:
    given = {"username": name, "password": password}
    return Client().post("/accounts/login/", given, **(place or HOME))  # type: ignore[return-value]


def sign_up(name: str, **place: Any) -> HttpResponse:
    given = {"username": name, "next": "/chat/"}
    given |= dict.fromkeys(("password1", "password2"), "a fine password")
    return Client().post("/accounts/signup/", given, **(place or HOME))  # type: ignore[return-value]


def test_who_guesses_a_password_waits_and_nobody_else() -> None:
    for name in ("ann", "bob"):
        User.objects.create_user(name, password="right")
    for _ in range(paced.NAME.times):
        assert sign_in("wrong").status_code == 200

    refused = sign_in("right")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= paced.NAME.seconds
    assert WAIT.search(refused.content.decode())
    assert sign_in("right", name="bob").status_code == 302
    assert sign_in("right", **AWAY).status_code == 302


def test_who_guesses_for_many_names_waits_with_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paced, "PLACE", replace(paced.PLACE, times=3))
    User.objects.create_user("ann", password="right")
    for number in range(3):
        assert sign_in("wrong", name=f"guess-{number}").status_code == 200
    assert sign_in("right").status_code == 429
    assert sign_in("right", **AWAY).status_code == 302


def test_a_right_password_does_not_count() -> None:
    User.objects.create_user("ann", password="right")
    for _ in range(paced.NAME.times + 2):
        assert sign_in("right").status_code == 302


def test_the_admin_asks_in_the_same_way(rf: RequestFactory) -> None:
    User.objects.create_superuser("ann", password="right")
    request = rf.post("/admin/login/", **HOME)  # type: ignore[arg-type]
    for password in ["wrong"] * paced.NAME.times:
        form = paced.AdminSignInForm(request, {"username": "ann", "password": password})
        assert not form.is_valid()
        assert not form.wait
    form = paced.AdminSignInForm(request, {"username": "ann", "password": "right"})
    assert not form.is_valid()
    assert form.wait


def test_accounts_are_made_at_a_persons_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.accounts.ACCOUNTS", Pace("few", times=1, seconds=3600))
    assert sign_up("ann").status_code == 302
    refused = sign_up("bob")
    assert refused.status_code == 429
    assert WAIT.search(refused.content.decode())
    assert 'value="bob"' in refused.content.decode()
    assert not User.objects.filter(username="bob").exists()
    assert sign_up("bob", **AWAY).status_code == 302


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unknown", ""),
    ],
)
def test_people_are_counted_by_their_network(rf: RequestFactory, given: str, counted: str) -> None:
    assert address_of(rf.get("/", REMOTE_ADDR=given)) == counted
