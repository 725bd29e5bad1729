from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from channels_celery import topics

from .models import Image


def connect() -> None:
    user_logged_in.connect(adopt, dispatch_uid="thumbnailer.adopt")


def adopt(*, request: HttpRequest, **_: Any) -> None:
    """At sign-in the guest's images become the user's; jobs under way end on the old topic."""
    guest = request.session.get(topics.GUEST_KEY)
    visitor = topics.visitor(request)
    if guest and visitor.id and visitor.id != guest:
        Image.objects.filter(owner=guest).update(owner=visitor.id)
