from __future__ import annotations

from channels_celery import topics
from channels_celery.topics import Access, Visitor


@topics.rule("faults.<slug:name>", keep=None, keep_hours=None)
def everybody(visitor: Visitor, name: str) -> Access:
    return Access(read=True, publish=("message",), whisper=("typing",))


@topics.rule("brief.<slug:name>", keep=5, keep_hours=None)
def short_memory(visitor: Visitor, name: str) -> bool:
    return True


@topics.rule("own.<slug:owner>")
def own(visitor: Visitor, owner: str) -> bool:
    return visitor.id == owner
