from __future__ import annotations

from collections.abc import Iterator

from django.core import checks


def examine() -> Iterator[checks.CheckMessage]:
    """The library's own system checks; what the project has silenced stays silent."""
    for message in checks.run_checks():
        ours = isinstance(message.id, str) and message.id.startswith("channels_celery.")
        if ours and not message.is_silenced():
            yield message
