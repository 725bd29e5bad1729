from __future__ import annotations

import secrets
import uuid

from django.db import models

#: The version of what is made of an original; +1 whenever the same bytes give other thumbnails.
SPEC = 2


def new_token() -> str:
    return secrets.token_urlsafe(16)


class Content(models.Model):
    """The bytes of a file that somebody uploaded, and what was made of them: see `store`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: SHA-256 of the bytes, in hexadecimal.
    digest = models.CharField(max_length=64, unique=True)
    bytes = models.PositiveBigIntegerField()
    #: The spec whose thumbnails are complete; 0 = none.
    spec = models.PositiveSmallIntegerField(default=0)
    #: Of the upright picture; known once it is decoded.
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    #: Its BlurHash (blurha.sh), likewise.
    placeholder = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return self.digest

    @property
    def original_name(self) -> str:
        """Where the bytes are stored: nothing that their sender chose is part of the name."""
        return f"originals/{self.pk.hex[:2]}/{self.pk.hex}"


class Image(models.Model):
    """An uploaded file that is, we hope, an image. Its job's state is kept by the job alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: The visitor's id; what a guest uploaded becomes the user's at sign-in.
    owner = models.CharField(max_length=64)
    #: Where its job reports: the topic of the visitor who uploaded it, for good.
    topic = models.CharField(max_length=150)
    name = models.CharField(max_length=255)
    #: Shared with whoever uploaded the same bytes; nothing of one image is told to another's owner.
    content = models.ForeignKey(Content, on_delete=models.PROTECT, related_name="images")
    #: The unguessable part of its thumbnails' addresses.
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    job = models.UUIDField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created"], name="thumbnailer_image_newest")]

    def __str__(self) -> str:
        return self.name


class Thumbnail(models.Model):
    """One size of a content; its file is complete before its row exists."""

    content = models.ForeignKey(Content, on_delete=models.CASCADE, related_name="thumbnails")
    spec = models.PositiveSmallIntegerField()
    size = models.PositiveSmallIntegerField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["content", "spec", "size"], name="thumbnailer_thumbnail_once"
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def file_name(self) -> str:
        """The same for every attempt: a second one writes the same file again."""
        life = self.content_id.hex
        return f"thumbnails/{life[:2]}/{life}-{self.spec}-{self.size}.webp"


class Intake(models.Model):
    """What was taken in one minute of a visitor or an address, for the limits of an hour."""

    who = models.CharField(max_length=80)
    #: Since 1970, on the database's clock.
    minute = models.BigIntegerField()
    files = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["who", "minute"], name="thumbnailer_intake_minute"),
        ]

    def __str__(self) -> str:
        return f"{self.who} {self.minute}"
