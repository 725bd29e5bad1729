from __future__ import annotations

import secrets
import uuid

from django.db import models

#: The longest side of each thumbnail in pixels, in the order they are announced.
SIZES = (160, 320)


def new_token() -> str:
    return secrets.token_urlsafe(16)


def original_name(image: Image, _: str = "") -> str:
    """Where an upload is stored: nothing that its sender chose is part of the name."""
    return f"originals/{image.pk.hex}"


class Image(models.Model):
    """An uploaded file that is, we hope, an image. Its job's state is kept by the job alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: The visitor's id; what a guest uploaded becomes the user's at sign-in.
    owner = models.CharField(max_length=64)
    #: Where its job reports: the topic of the visitor who uploaded it, for good.
    topic = models.CharField(max_length=150)
    name = models.CharField(max_length=255)
    #: Not an ImageField, which decodes in the web process.
    original = models.FileField(upload_to=original_name, max_length=100)
    #: The unguessable part of its thumbnails' addresses.
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    job = models.UUIDField()
    #: Of the upright image; known once it is decoded.
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created"], name="thumbnailer_image_newest")]

    def __str__(self) -> str:
        return self.name

    def thumbnail_name(self, size: int) -> str:
        return thumbnail_name(self.token, size)


class Thumbnail(models.Model):
    """One size of an image; its file is complete before its row exists."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="thumbnails")
    size = models.PositiveSmallIntegerField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "size"], name="thumbnailer_thumbnail_size"),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} {self.size}"


def thumbnail_name(token: str, size: int) -> str:
    """The same for every attempt: a second one writes the same file again."""
    return f"thumbnails/{token[:2]}/{token}-{size}.webp"
