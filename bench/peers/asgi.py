from __future__ import annotations

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.settings")
django.setup()

from channels.routing import ChannelNameRouter, ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from . import consumers  # noqa: E402

# Django's stubs know only views; Channels' router takes ASGI applications.
_to: Any = path

application = ProtocolTypeRouter(
    {
        "websocket": URLRouter(
            [
                _to("glue/", consumers.Glue.as_asgi()),
                _to("bare/", consumers.Bare.as_asgi()),
                _to("runworker/", consumers.ToWorker.as_asgi()),
                _to("echo/", consumers.Echo.as_asgi()),
                _to("group/", consumers.Group.as_asgi()),
            ]
        ),
        "channel": ChannelNameRouter({consumers.CHANNEL: consumers.Worker.as_asgi()}),
    }
)
