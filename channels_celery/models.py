from __future__ import annotations

from .jobs.models import Channel, Job, Worker
from .topics.models import Chore, Event, Hub, Member, Topic

__all__ = ["Channel", "Chore", "Event", "Hub", "Job", "Member", "Topic", "Worker"]
