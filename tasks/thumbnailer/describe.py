"""An image as the page, the API and `image.created` show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.urls import reverse

from channels_celery import topics

from .models import SIZES, Image, Thumbnail
from .works import Work, works_of

#: What is left to say once the job itself has been pruned.
UNFINISHED = {"code": "unfinished", "message": "The work on this image was not finished."}

Positions = Mapping[str, topics.Position]


def describe(
    images: Iterable[Image], works: Mapping[UUID, Work], positions: Positions
) -> list[dict[str, Any]]:
    """Each image with its job's state and error, and its topic's position, taken before."""
    return [_describe(image, works.get(image.job), positions[image.topic]) for image in images]


def describe_one(image: Image) -> dict[str, Any] | None:
    """An image as it is now; None when it has gone meanwhile."""
    positions = {image.topic: topics.position(image.topic)}
    # Read again: the state has to be younger than the position.
    current = list(Image.objects.filter(pk=image.pk).prefetch_related("thumbnails"))
    return next(iter(describe(current, works_of(current), positions)), None)


def describe_new(image: Image, position: topics.Position) -> dict[str, Any]:
    """An image whose job has just been sent."""
    return _as_json(image, "queued", None, [], position)


def describe_thumbnail(image: Image, size: int, width: int, height: int) -> dict[str, Any]:
    """An entry of `thumbnails`, and the job's reply when it exists."""
    url = reverse("thumbnailer:thumbnail", args=[image.token, size])
    return {"size": size, "width": width, "height": height, "url": url}


def _describe(image: Image, work: Work | None, position: topics.Position) -> dict[str, Any]:
    thumbnails = [
        describe_thumbnail(image, made.size, made.width, made.height) for made in _made(image)
    ]
    if work is not None:
        return _as_json(image, work.state, work.error, thumbnails, position)
    done = len(thumbnails) == len(SIZES)
    state, error = ("succeeded", None) if done else ("failed", UNFINISHED)
    return _as_json(image, state, error, thumbnails, position)


def _made(image: Image) -> list[Thumbnail]:
    return sorted(image.thumbnails.all(), key=lambda made: made.size)


def _as_json(
    image: Image,
    state: str,
    error: dict[str, str] | None,
    thumbnails: list[dict[str, Any]],
    position: topics.Position,
) -> dict[str, Any]:
    return {
        "id": str(image.pk),
        "name": image.name,
        "state": state,
        "job": str(image.job),
        "topic": image.topic,
        "position": asdict(position),
        "width": image.width,
        "height": image.height,
        "thumbnails": thumbnails,
        "error": error,
    }
