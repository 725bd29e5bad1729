from __future__ import annotations

from collections.abc import Iterator

from django.core import checks

from . import application


def examine() -> Iterator[checks.CheckMessage]:
    """The library's own system checks, and its place in the application that settings name.

    What the project has silenced stays silent.
    """
    for message in (*checks.run_checks(), *application.examine()):
        ours = isinstance(message.id, str) and message.id.startswith("channels_celery.")
        if ours and not message.is_silenced():
            yield message
