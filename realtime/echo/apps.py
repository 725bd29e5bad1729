from __future__ import annotations

from django.apps import AppConfig


class EchoConfig(AppConfig):
    """The classic first Channels example: what comes in goes out."""

    name = "realtime.echo"
    label = "echo"
