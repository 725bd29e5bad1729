from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from channels_celery.topics.visitors import SESSION_KEY, signed_in

from .models import Image


def connect() -> None:
    user_logged_in.connect(adopt, dispatch_uid="thumbnailer.adopt")


def adopt(*, request: HttpRequest, user: AbstractBaseUser, **_: Any) -> None:
    """At sign-in the guest's images become the user's; jobs under way end on the old topic."""
    if guest := request.session.get(SESSION_KEY):
        Image.objects.filter(owner=guest).update(owner=signed_in(user).id)
