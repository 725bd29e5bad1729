from __future__ import annotations

from .jobs.models import Channel, Job, Worker
from .topics.models import Event, Topic

__all__ = ["Channel", "Event", "Job", "Topic", "Worker"]
