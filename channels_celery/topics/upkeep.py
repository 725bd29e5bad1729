from __future__ import annotations

import asyncio
import logging

from django.db import Error

from channels_celery.database import session

from . import pool
from .trimming import Trimmer

logger = logging.getLogger("channels_celery.topics")

#: How often a hub looks whether there is something to trim; and between two steps of it.
LOOK_SECONDS = 5.0
STEP_SECONDS = 0.3


async def keep_up() -> None:
    """A hub's share in trimming the log: other hubs and the workers take turns with it."""
    trimmer = Trimmer()
    more = False
    while True:
        await asyncio.sleep(STEP_SECONDS if more else LOOK_SECONDS)
        if trimmer.is_due:
            more = await _step(trimmer)


async def _step(trimmer: Trimmer) -> bool:
    def step() -> bool:
        with session() as current:
            return trimmer.step(current)

    try:
        return await pool.run(step)
    except Error as error:
        # The next pass finds it.
        logger.info("the log was not trimmed: %s", error)
        return False
