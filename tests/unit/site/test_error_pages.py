"""Pages for when something is wrong: they look like the site, and need no database to say so."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.views import defaults

from config.accounts import urlpatterns as accounts


def fails(request: HttpRequest) -> HttpResponse:
    raise OperationalError("the database is away")


urlpatterns = [*accounts, path("fails/", fails)]


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


# No test here may use a database: pytest-django refuses it.
def test_a_failure_is_told_without_the_database_and_without_guessing_who_is_there() -> None:
    answer = Client(raise_request_exception=False).get("/fails/")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "Something went wrong" in page
    assert "Try again" in page
    assert "Sign in" not in page


def test_what_is_not_here_is_said_in_the_sites_frame(rf: RequestFactory) -> None:
    answer = defaults.page_not_found(rf.get("/nowhere/"), Http404())
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_what_can_not_be_taken_is_said_in_the_sites_frame(rf: RequestFactory) -> None:
    answer = defaults.bad_request(rf.get("/"), ValueError())
    assert answer.status_code == 400
    assert "That was not taken" in answer.content.decode()


def test_a_request_for_another_host_is_refused_not_failed(settings: Any) -> None:
    # As the site's: the host is looked at once there is a session, and before there is a user.
    common = "django.middleware.common.CommonMiddleware"
    settings.MIDDLEWARE = [settings.MIDDLEWARE[0], common, *settings.MIDDLEWARE[1:]]
    answer = Client(raise_request_exception=False).get("/fails/", headers={"host": "other.example"})
    assert answer.status_code == 400
    assert "That was not taken" in answer.content.decode()
