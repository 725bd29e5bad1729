from __future__ import annotations

import asyncio

from channels_celery.topics import hub, pool


async def end_hub() -> None:
    """End the running loop's hub, with its tasks and its threads."""
    current = hub._hubs.pop(asyncio.get_running_loop())
    for task in current._tasks:
        task.cancel()
    await asyncio.gather(*current._tasks, return_exceptions=True)
    current.forget()
    await asyncio.to_thread(pool.close)
