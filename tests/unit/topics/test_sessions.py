from __future__ import annotations

import pytest

from channels_celery.topics import sessions


@pytest.mark.parametrize(
    ("cookie", "key"),
    [
        (b"sessionid=0a1b2c3d", "0a1b2c3d"),
        (b"theme=dark; sessionid=0a1b2c3d:9-_", "0a1b2c3d:9-_"),
        (b"sessionid=", None),
        (b"theme=dark", None),
        # Quoted, a NUL: PostgreSQL refuses the whole statement.
        (b'sessionid="0a1b2c3d\\000"', None),
    ],
)
def test_key_is_what_a_session_store_can_be_asked_for(cookie: bytes, key: str | None) -> None:
    assert sessions.key_of({"headers": [(b"cookie", cookie)]}) == key
