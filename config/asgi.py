from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

from .environment import require

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
require(settings.ENVIRONMENT_PROBLEMS)
django_application = get_asgi_application()

# Consumers may import models: only once Django is set up.
from realtime.echo.routing import websocket_urlpatterns as echo  # noqa: E402

from .websockets import SameOrigin, refuse  # noqa: E402

if settings.DEBUG:
    django_application = ASGIStaticFilesHandler(django_application)

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": URLRouter(
            [
                path("", SameOrigin(URLRouter(echo))),
                re_path("", refuse),
            ]
        ),
    }
)
