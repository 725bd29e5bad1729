from __future__ import annotations

import pytest
from kombu.connection import Connection
from redis import ConnectionPool

from config.redis_urls import broker_url, client_url, layer_host


@pytest.mark.parametrize(
    ("given", "broker", "client"),
    [
        ("redis://host:6379/1", "redis://host:6379/1", "redis://host:6379/1"),
        ("rediss://:secret@host", "rediss://:secret@host", "rediss://:secret@host"),
        ("unix:///a/b.sock", "redis+socket:///a/b.sock?virtual_host=0", "unix:///a/b.sock"),
        (
            "unix:///a/b.sock?db=2",
            "redis+socket:///a/b.sock?virtual_host=2",
            "unix:///a/b.sock?db=2",
        ),
        ("redis+socket:///a/b.sock", "redis+socket:///a/b.sock", "unix:///a/b.sock?db=0"),
        (
            "redis+socket:///a/b.sock?virtual_host=3",
            "redis+socket:///a/b.sock?virtual_host=3",
            "unix:///a/b.sock?db=3",
        ),
    ],
)
def test_one_address_fits_celery_and_channels(given: str, broker: str, client: str) -> None:
    assert broker_url(given) == broker
    assert client_url(given) == client


def test_both_libraries_understand_the_socket() -> None:
    pool = ConnectionPool.from_url(client_url("unix:///a/b.sock?db=2"))
    transport = Connection(broker_url("unix:///a/b.sock?db=2"))

    assert pool.connection_kwargs["path"] == "/a/b.sock"
    assert pool.connection_kwargs["db"] == 2
    assert transport.transport_cls == "redis"
    assert "/a/b.sock" in transport.as_uri()


def test_idle_connections_outlive_the_layers_blocking_read() -> None:
    host = layer_host("redis://host")

    assert host["socket_timeout"] > 5
    assert host["max_connections"] > 300
    assert host["socket_keepalive"] is True


def test_socket_takes_no_option_of_the_network() -> None:
    assert "socket_keepalive" not in layer_host("unix:///a/b.sock")
