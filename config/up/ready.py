from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException

#: Addresses that listen everywhere can not be asked themselves.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound


def lacking(host: str, port: int, name: str) -> dict[str, str]:
    """What `/readyz` says is not ok; empty once the site is ready. `name` goes into Host."""
    connection = HTTPConnection(_EVERYWHERE.get(host, host), port, timeout=3)
    try:
        connection.request("GET", "/readyz", headers={"Host": name})
        report = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return {"web": "does not answer yet"}
    finally:
        connection.close()
    return {part: text for part, text in report.items() if text != "ok"}
