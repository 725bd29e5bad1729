"""The database's clock as SQL: milliseconds since 1970, now and not at a transaction's start."""

from __future__ import annotations

_NOW = {
    "postgresql": "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
    "sqlite": "CAST(round((julianday('now') - 2440587.5) * 86400000) AS integer)",
}


def now(vendor: str) -> str:
    """The SQL expression of the present, a bigint."""
    return _NOW[vendor]
