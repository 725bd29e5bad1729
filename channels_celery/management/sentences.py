from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError

from channels_celery.errors import ChannelsCeleryError


@contextmanager
def in_sentences() -> Iterator[None]:
    """End a command with what went wrong in a sentence, not with a traceback."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise CommandError(f"The database did not answer: {error}") from error
    except ChannelsCeleryError as error:
        raise CommandError(str(error)) from error
