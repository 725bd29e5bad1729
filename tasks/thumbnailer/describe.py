"""An image as the page, the API and `image.created` show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.urls import reverse

from channels_celery import topics

from .models import SPEC, Content, Image, Thumbnail
from .works import Work, works_of

#: What is left to say once the job itself has been pruned.
UNFINISHED = {"code": "unfinished", "message": "The work on this image was not finished."}

Positions = Mapping[str, topics.Position]


def describe(
    images: Iterable[Image], works: Mapping[UUID, Work], positions: Positions
) -> list[dict[str, Any]]:
    """Each image with its job's state and error, and its topic's position, taken before.

    What was made is read here, after the jobs' states: who is told `succeeded` is told all of it.
    """
    images = list(images)
    kept = Content.objects.prefetch_related("thumbnails")
    contents = kept.in_bulk({image.content_id for image in images})
    return [
        _describe(
            image, contents.get(image.content_id), works.get(image.job), positions[image.topic]
        )
        for image in images
    ]


def describe_one(image: Image) -> dict[str, Any] | None:
    """An image as it is now; None when it has gone meanwhile."""
    positions = {image.topic: topics.position(image.topic)}
    # Read again: the state has to be younger than the position.
    current = list(Image.objects.filter(pk=image.pk))
    return next(iter(describe(current, works_of(current), positions)), None)


def describe_new(image: Image, position: topics.Position) -> dict[str, Any]:
    """An image whose job has just been sent."""
    return _as_json(image, "queued", None, None, position)


def describe_thumbnail(image: Image, made: Thumbnail) -> dict[str, Any]:
    """An entry of `thumbnails`, and the job's reply when it exists."""
    url = reverse("thumbnailer:thumbnail", args=[image.token, made.spec, made.size])
    return {"size": made.size, "width": made.width, "height": made.height, "url": url}


def _describe(
    image: Image, content: Content | None, work: Work | None, position: topics.Position
) -> dict[str, Any]:
    """`content` is None once the image has been removed meanwhile."""
    if work is not None:
        # Others may have uploaded the same bytes: its own work is the first to tell of it.
        begun = content if work.fence else None
        return _as_json(image, work.state, work.error, begun, position)
    done = content is not None and content.spec == SPEC
    state, error = ("succeeded", None) if done else ("failed", UNFINISHED)
    return _as_json(image, state, error, content, position)


def _thumbnails(image: Image, content: Content) -> list[dict[str, Any]]:
    """Those of the newest spec, smallest first."""
    all_made = content.thumbnails.all()
    newest = max((made.spec for made in all_made), default=0)
    shown = sorted((made for made in all_made if made.spec == newest), key=lambda made: made.size)
    return [describe_thumbnail(image, made) for made in shown]


def _as_json(
    image: Image,
    state: str,
    error: dict[str, str] | None,
    content: Content | None,
    position: topics.Position,
) -> dict[str, Any]:
    return {
        "id": str(image.pk),
        "name": image.name,
        "state": state,
        "job": str(image.job),
        "topic": image.topic,
        "position": asdict(position),
        "width": content and content.width,
        "height": content and content.height,
        "placeholder": (content and content.placeholder) or None,
        "thumbnails": _thumbnails(image, content) if content else [],
        "error": error,
    }
