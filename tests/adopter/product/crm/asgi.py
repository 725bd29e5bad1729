from __future__ import annotations

import os
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
django_application = get_asgi_application()

from channels_celery import topics  # noqa: E402

from .realtime.consumers import Floor, Machines  # noqa: E402

# Django's stubs know only views; Channels' router takes ASGI applications.
route: Any = path
rest: Any = re_path
application = ProtocolTypeRouter(
    {
        "http": URLRouter([rest("^events/", topics.sse), rest("", django_application)]),
        "websocket": URLRouter(
            [
                route("ws/", topics.websocket),
                route("floor/", AuthMiddlewareStack(Floor.as_asgi())),
                route("machines/", AuthMiddlewareStack(Machines.as_asgi())),
            ]
        ),
    }
)
