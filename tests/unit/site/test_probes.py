from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse

from config import probes


def request(path: str) -> HttpRequest:
    made = HttpRequest()
    made.method, made.path_info = "GET", path
    made.META["HTTP_HOST"] = "10.0.0.7:8000"
    return made


def test_process_answers_on_a_wsgi_server() -> None:
    served = probes.probes(lambda _: HttpResponse("page"))

    assert served(request("/healthz")).content == b"ok"
    assert served(request("/images/")).content == b"page"


async def test_process_answers_on_an_asgi_server() -> None:
    async def page(_: HttpRequest) -> HttpResponse:
        return HttpResponse("page")

    served: Any = probes.probes(page)

    assert (await served(request("/healthz"))).content == b"ok"
    assert (await served(request("/images/"))).content == b"page"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_each_kind_of_server_gets_the_same_view(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ready(_: HttpRequest) -> HttpResponse:
        return HttpResponse(path)

    monkeypatch.setitem(probes.VIEWS, path, ready)

    async def unreached(_: HttpRequest) -> HttpResponse:
        raise AssertionError(path)

    asynchronous: Any = probes.probes(unreached)
    assert probes.probes(lambda _: HttpResponse())(request(path)).content == path.encode()
    assert asyncio.run(asynchronous(request(path))).content == path.encode()
