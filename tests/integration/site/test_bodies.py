"""What a real Daphne takes of a request: its body, its headers. Nobody here needs the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from tests import services

from .daphne import PATIENCE_SECONDS, Daphne, Sending, daphne

MB = 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daphne]:
    folder: Path = tmp_path_factory.mktemp("site")
    with daphne(folder, "tests.integration.site.small_settings") as running:
        yield running


def sending(server: Daphne, **headers: Any) -> Sending:
    return Sending(server.port, **{name: str(value) for name, value in headers.items()})


def test_a_body_that_says_it_is_too_large_is_refused_at_its_headers(server: Daphne) -> None:
    # Not a byte of it has been sent.
    status, _, text = sending(server, Content_Length=3 * MB + 1).answer()
    assert status == 413
    assert "This is more than 3 MB at once. Send less." in text
    assert "<main" in text


def test_a_program_is_told_in_json(server: Daphne) -> None:
    request = sending(server, Content_Length=10**12, Accept="application/json")
    status, response, text = request.answer()
    assert (status, json.loads(text)["error"]["code"]) == (413, "too_large")
    assert response.getheader("Connection") == "close"
    assert response.getheader("X-Content-Type-Options") == "nosniff"


def test_who_asks_before_sending_is_told_no(server: Daphne) -> None:
    request = sending(server, Content_Length=9 * MB, Expect="100-continue")
    assert request.answer()[0] == 413


def test_a_body_without_a_length_is_cut_at_the_limit(server: Daphne) -> None:
    request = sending(server, Transfer_Encoding="chunked", Accept="application/json")
    request.send_chunks(MB // 4, 13)
    assert request.answer()[0] == 413


def test_who_sends_on_after_the_refusal_still_reads_it(server: Daphne) -> None:
    request = sending(server, Content_Length=8 * MB)
    request.send(b"x" * 8 * MB)
    assert request.answer()[0] == 413


def test_one_body_too_many_is_sent_away_with_the_time_to_wait(server: Daphne) -> None:
    first = sending(server, Content_Length=3 * MB)
    first.send(b"x")

    def refused() -> bool:
        second = sending(server, Content_Length=3 * MB, Accept="application/json")
        second.send(b"x" * 3 * MB)
        status, response, text = second.answer()
        if status == 503:
            assert response.getheader("Retry-After") == "2"
            assert json.loads(text)["error"]["code"] == "busy"
        return status == 503

    services.until(refused, what="refusal")
    # Its sender gives up, and the room is free again.
    first.close()
    services.until(lambda: not refused(), what="room")


@pytest.mark.parametrize("root", ["/elsewhere", "/echo", "//evil.example", "\xff"])
def test_a_client_can_not_say_where_the_site_is_mounted(server: Daphne, root: str) -> None:
    asked = {"Daphne-Root-Path": root}
    for path, status in (("/echo/", 200), ("/elsewhere/echo/", 404), ("/echo/echo/", 404)):
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)) as asking:
            asking.request("GET", path, headers=asked)
            with asking.getresponse() as response:
                text = response.read().decode()
        assert (response.status, "evil.example" in text) == (status, False)
    address = f"ws://127.0.0.1:{server.port}/ws/"
    told = {key: value for key, value in asked.items() if value.isascii()}
    with connect(address, additional_headers=told, proxy=None) as socket:
        assert json.loads(socket.recv(PATIENCE_SECONDS))["op"] == "welcome"
