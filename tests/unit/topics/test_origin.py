from __future__ import annotations

from typing import Any

import pytest

from channels_celery.topics import origin


def refused(given: str | None, host: str = "shop.example") -> str | None:
    headers = [(b"host", host.encode())]
    if given is not None:
        headers.append((b"origin", given.encode()))
    return origin.refusal({"headers": headers})


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["shop.example", ".sub.example", "[::1]"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://partner.example:8443", "https://*.friends.example"]
    settings.DEBUG = False


@pytest.mark.parametrize(
    "given",
    [
        None, "https://shop.example", "http://SHOP.example:8000", "https://a.sub.example",
        "http://[::1]:8000", "https://partner.example:8443", "https://x.friends.example",
    ],
)  # fmt: skip
def test_our_own_origin_and_none_are_taken(given: str | None) -> None:
    assert refused(given) is None


@pytest.mark.parametrize(
    "given",
    [
        "https://elsewhere.example", "null", "", "file://", "https://shop.example.evil.example",
        "https://partner.example", "http://partner.example:8443", "https://notfriends.example",
        "https://[", "chrome-extension://shop.example", "https://evilsub.example",
    ],
)  # fmt: skip
def test_a_foreign_origin_is_refused_and_told_the_setting(given: str) -> None:
    reason = refused(given)
    assert reason is not None
    assert "ALLOWED_HOSTS" in reason
    assert "CSRF_TRUSTED_ORIGINS" in reason


def test_a_star_allows_the_host_it_was_reached_by_only(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert refused("https://any.example:444", "any.example:444") is None
    assert refused("https://elsewhere.example", "any.example") is not None


def test_in_development_localhost_is_ours(settings: Any) -> None:
    settings.ALLOWED_HOSTS, settings.DEBUG = [], True
    assert refused("http://localhost:3000", "127.0.0.1:8000") is None
    assert refused("http://shop.example") is not None
