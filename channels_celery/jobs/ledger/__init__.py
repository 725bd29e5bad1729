"""The ledger: every statement that changes a job, one function a transition.

Each transition is a compare-and-set on the fence: an attempt that lost its lease changes 0 rows.
All times are the database's. What a transition announces is stored with it, in one statement on
PostgreSQL and one transaction on SQLite.
"""

from __future__ import annotations

from .accept import Inserted, NewJob, insert, redrive
from .attempts import Claim, Outcome, claim, confirm, finish, reply, retry
from .cancelling import cancel, end_cancelled, overdue, taken
from .leases import Lost, Renewal, lose, lost_leases, lost_runs, renew
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
    "confirm",
    "end_cancelled",
    "expire",
    "expired",
    "finish",
    "insert",
    "leave",
    "live_workers",
    "lose",
    "lost_leases",
    "lost_runs",
    "overdue",
    "redrive",
    "release",
    "remind",
    "renew",
    "reply",
    "retry",
    "taken",
]
