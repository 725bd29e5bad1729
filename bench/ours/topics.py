from __future__ import annotations

from channels_celery import topics
from channels_celery.topics import Access, Visitor


@topics.rule("bench.<slug:name>")
def bench(visitor: Visitor, name: str) -> Access:
    return Access(read=True, publish=("told",), whisper=("echo",))
