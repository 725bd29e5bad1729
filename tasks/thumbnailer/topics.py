from __future__ import annotations

from channels_celery import topics

from .models import Image


def topic_of(visitor_id: str) -> str:
    """Where a visitor's images are announced and their jobs report."""
    return f"images.{visitor_id}"


def topics_of(visitor_id: str) -> list[str]:
    """Every topic that a visitor's page follows: the visitor's own and those its images name."""
    own = topic_of(visitor_id)
    named = Image.objects.filter(owner=visitor_id).order_by().values_list("topic", flat=True)
    return [own, *sorted(set(named.distinct()) - {own})]


@topics.rule("images.<str:uploader>")
def images_topic(visitor: topics.Visitor, uploader: str) -> bool:
    """Its visitor reads it, and so does who owns an image that reports there."""
    if visitor.id is None:
        return False
    if visitor.id == uploader:
        return True
    return Image.objects.filter(owner=visitor.id, topic=topic_of(uploader)).exists()
