"""The Celery app of `celery -A config worker`; handlers are found by channels_celery itself."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_init
from django.conf import settings

from .environment import require

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")


@celeryd_init.connect
def refuse_a_wrong_environment(**_: Any) -> None:
    """Celery runs the system checks, but starts whatever they say."""
    require(settings.ENVIRONMENT_PROBLEMS)
