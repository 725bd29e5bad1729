from __future__ import annotations

from django.conf import settings
from django.db import models


class Order(models.Model):
    """What somebody has ordered; each run of its packing leaves a line in `packed`."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    packed = models.TextField(default="")

    def __str__(self) -> str:
        return f"order {self.pk}"
