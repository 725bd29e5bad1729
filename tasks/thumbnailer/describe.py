"""An image as the page, the API and `image.created` show it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.urls import reverse

from channels_celery import topics
from channels_celery.models import Job

from .models import SIZES, Image, Thumbnail

#: What is left to say once the job itself has been pruned.
UNFINISHED = {"code": "unfinished", "message": "The work on this image was not finished."}

Positions = Mapping[str, topics.Position]


def describe(images: Iterable[Image], positions: Positions) -> list[dict[str, Any]]:
    """Each image with its job's state and error, and its topic's position, taken before."""
    images = list(images)
    jobs = _jobs([image.job for image in images])
    return [_describe(image, jobs.get(image.job), positions[image.topic]) for image in images]


def describe_new(image: Image, position: topics.Position) -> dict[str, Any]:
    """An image whose job has just been sent."""
    return _as_json(image, "queued", None, [], position)


def describe_thumbnail(image: Image, size: int, width: int, height: int) -> dict[str, Any]:
    """An entry of `thumbnails`, and the job's reply when it exists."""
    url = reverse("thumbnailer:thumbnail", args=[image.token, size])
    return {"size": size, "width": width, "height": height, "url": url}


def _jobs(ids: list[UUID]) -> dict[UUID, tuple[str, Any]]:
    rows = Job.objects.filter(pk__in=ids).values_list("pk", "state", "error")
    return {pk: (state, json.loads(error) if error else None) for pk, state, error in rows}


def _describe(
    image: Image, job: tuple[str, Any] | None, position: topics.Position
) -> dict[str, Any]:
    thumbnails = [
        describe_thumbnail(image, made.size, made.width, made.height) for made in _made(image)
    ]
    if job is None:
        done = len(thumbnails) == len(SIZES)
        job = ("succeeded", None) if done else ("failed", UNFINISHED)
    state, error = job
    return _as_json(image, state, error if state == "failed" else None, thumbnails, position)


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
