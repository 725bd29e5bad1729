from __future__ import annotations

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.chaos.settings")
django_application = get_asgi_application()

from channels_celery import topics  # noqa: E402

# Django's stubs know only views; Channels' router takes ASGI applications.
_to: Any = path

application = ProtocolTypeRouter(
    {"http": django_application, "websocket": URLRouter([_to("ws/", topics.websocket)])}
)
