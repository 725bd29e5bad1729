from __future__ import annotations

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

from .bodies import bound_daphne
from .environment import require

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
require(settings.ENVIRONMENT_PROBLEMS)
bound_daphne()
django_application: Any = get_asgi_application()
if settings.DEBUG:
    django_application = ASGIStaticFilesHandler(django_application)

# Consumers may import models: only once Django is set up.
from channels_celery import topics  # noqa: E402
from realtime.echo.routing import websocket_urlpatterns as echo  # noqa: E402

from .websockets import SameOrigin, refuse  # noqa: E402

# Django's stubs know only views; Channels' router takes ASGI applications.
_to: Any = path
_under: Any = re_path

application = ProtocolTypeRouter(
    {
        # Before Django: a view would hold a thread and a database connection for each reader.
        "http": URLRouter([_under("^events/", topics.sse), _under("", django_application)]),
        "websocket": URLRouter(
            [
                # Outside the site's origin check: it answers in its own protocol's words.
                _to("ws/", topics.websocket),
                _to("", SameOrigin(URLRouter(echo))),
                _under("", refuse),
            ]
        ),
    }
)
