"""How the product has always run its own tests: Celery eager, layers in memory."""

from __future__ import annotations

from .settings import *  # noqa: F403

CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# No worker is another process here, so a layer in memory reaches everybody.
SILENCED_SYSTEM_CHECKS = ["channels_celery.W012"]
_memory = {"BACKEND": "channels.layers.InMemoryChannelLayer"}
CHANNEL_LAYERS["sockets"] = CHANNEL_LAYERS["machines"] = _memory  # noqa: F405
# A test sees what it wrote: all of it is in one transaction of one connection.
DATABASES.pop("replica")  # noqa: F405
DATABASE_ROUTERS = []
