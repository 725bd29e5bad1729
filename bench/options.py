from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

ROWS = ("jobs", "burst", "fanout", "echo", "memory", "publishes", "finished", "backlog")
#: Measured only when named: they take minutes, or packages of others.
LONG_ROWS = ("jitter",)
DATABASES = ("sqlite", "postgresql")
PEER_LAYERS = {
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}


_ABOUT = "Measure the library beside what one would write without it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is measured, and how long. The defaults are what the published numbers come from."""

    #: Each contestant's turn in a round.
    seconds: float
    rounds: int
    in_flight: int
    burst: int
    finished: int
    backlog: int
    #: How long the backlog's worker and broker are watched.
    watch_seconds: float
    sockets: int
    publishes: int
    #: Of each contestant on the bad network.
    jitter_seconds: float
    rows: tuple[str, ...]
    databases: tuple[str, ...]
    peer_layer: str
    out: Path


def read() -> Options:
    """The command line's."""
    parser = argparse.ArgumentParser(prog="make bench", description=_ABOUT)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--burst", type=int, default=600)
    parser.add_argument("--finished", type=int, default=1_000_000)
    parser.add_argument("--backlog", type=int, default=20_000)
    parser.add_argument("--watch-seconds", type=float, default=15.0)
    parser.add_argument("--sockets", type=int, default=500)
    parser.add_argument("--publishes", type=int, default=2_000)
    parser.add_argument("--jitter-seconds", type=float, default=120.0)
    parser.add_argument("--rows", nargs="+", choices=ROWS + LONG_ROWS, default=ROWS)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--peer-layer", choices=sorted(PEER_LAYERS), default="core")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="folder of the results")
    given = vars(parser.parse_args())
    given["rows"] = tuple(row for row in ROWS + LONG_ROWS if row in given["rows"])
    given["databases"] = tuple(given["databases"])
    return Options(**given)
