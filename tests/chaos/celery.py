from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.chaos.settings")

app = Celery("tests.chaos")
app.config_from_object("django.conf:settings", namespace="CELERY")
