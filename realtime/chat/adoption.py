from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from channels_celery import topics
from channels_celery.topics.visitors import SESSION_KEY, visitor_of_scope

from .models import Message


def connect() -> None:
    user_logged_in.connect(adopt, dispatch_uid="chat.adopt")


def adopt(*, request: HttpRequest, user: AbstractBaseUser, **_: Any) -> None:
    """At sign-in the guest's messages become the user's, under the user's name."""
    if guest := request.session.get(SESSION_KEY):
        author = visitor_of_scope({"user": user, "session": {}})
        Message.objects.filter(author=guest).update(author=author.id, author_name=author.name)
        # The guest's other tabs connect again, and find out who they are now.
        topics.recheck(visitor=guest)
