from __future__ import annotations

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.ours.settings")
django.setup()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from channels_celery import topics  # noqa: E402

from . import consumers  # noqa: E402

# Django's stubs know only views; Channels' router takes ASGI applications.
_to: Any = path
_under: Any = re_path

application = ProtocolTypeRouter(
    {
        "http": URLRouter([_under("^events/", topics.sse)]),
        "websocket": URLRouter(
            [
                _to("ws/", topics.websocket),
                _to("echo/", consumers.Echo.as_asgi()),
                _to("answer/", consumers.Answer.as_asgi()),
                _to("answer-batch/", consumers.AnswerBatch.as_asgi()),
            ]
        ),
    }
)
