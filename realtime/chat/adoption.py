from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from channels_celery import topics
from channels_celery.topics.visitors import SESSION_KEY

from .models import Message


def connect() -> None:
    user_logged_in.connect(adopt, dispatch_uid="chat.adopt")


def adopt(*, request: HttpRequest, **_: Any) -> None:
    """At sign-in the guest's messages become the user's, under the user's name."""
    if guest := request.session.get(SESSION_KEY):
        user = topics.visitor(request)
        Message.objects.filter(author=guest).update(author=user.id, author_name=user.name)
