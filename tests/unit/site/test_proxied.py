from __future__ import annotations

from typing import Any

import pytest

from config.proxied import proxied


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ({}, "10.0.0.1"),
        ({"HTTP_X_FORWARDED_FOR": ""}, "10.0.0.1"),
        ({"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, "192.0.2.7"),
        ({"HTTP_X_FORWARDED_FOR": "198.51.100.1, 192.0.2.7"}, "192.0.2.7"),
    ],
)
def test_request_comes_from_where_the_proxy_says(header: dict[str, str], address: str) -> None:
    seen: list[str] = []

    def application(environ: dict[str, Any], _: Any) -> list[bytes]:
        seen.append(environ["REMOTE_ADDR"])
        return []

    proxied(application)({"REMOTE_ADDR": "10.0.0.1", **header}, None)

    assert seen == [address]
