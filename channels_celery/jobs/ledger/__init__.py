"""The ledger: every statement that changes a job, one function a transition.

Each transition is a compare-and-set on the fence: an attempt that lost its lease changes 0 rows.
All times are the database's. What a transition announces is stored with it, in one statement on
PostgreSQL and one transaction on SQLite.
"""

from __future__ import annotations

from .accept import Inserted, NewJob, insert, redrive
from .attempts import Outcome, confirm, finish, reply, retry
from .cancelling import cancel, end_cancelled, overdue, taken
from .channels import next_waiting, pause, resume, running
from .claims import Claim, claim, claim_in_slot, held_by
from .groups import claim_batch, succeed_together
from .leases import Lost, Renewal, lose, lost_leases, lost_runs, renew
from .pruning import prune
from .releases import release
from .reminders import Expired, expire, expired, remind
from .workers import LiveWorker, beat, leave, live_workers

__all__ = [
    "Claim",
    "Expired",
    "Inserted",
    "LiveWorker",
    "Lost",
    "NewJob",
    "Outcome",
    "Renewal",
    "beat",
    "cancel",
    "claim",
    "claim_batch",
    "claim_in_slot",
    "confirm",
    "end_cancelled",
    "expire",
    "expired",
    "finish",
    "held_by",
    "insert",
    "leave",
    "live_workers",
    "lose",
    "lost_leases",
    "lost_runs",
    "next_waiting",
    "overdue",
    "pause",
    "prune",
    "redrive",
    "release",
    "remind",
    "renew",
    "reply",
    "resume",
    "retry",
    "running",
    "succeed_together",
    "taken",
]
