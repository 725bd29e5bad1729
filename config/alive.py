"""The containers' health check, 0 while this one's Daphne answers: `python -I config/alive.py`.

A script, not a module of its package: it runs every few seconds and imports next to nothing.
"""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException

PORT = 8000
PATH = "/healthz"
BOUND_SECONDS = 4


def status() -> int:
    connection = HTTPConnection("127.0.0.1", PORT, timeout=BOUND_SECONDS)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    try:
        sys.exit(status() != 200)
    except (OSError, HTTPException) as error:
        sys.exit(f"{PATH} does not answer: {error}")
