from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a job is: queued → running → succeeded | failed | cancelled, running ⇄ retrying."""

    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: May be claimed. Plain strings: they stand in migrations.
WAITING = [State.QUEUED.value, State.RETRYING.value]
#: Has no outcome yet.
OPEN = [State.QUEUED.value, State.RUNNING.value, State.RETRYING.value]
#: Ends an acceptance.
OUTCOMES = [State.SUCCEEDED.value, State.FAILED.value, State.CANCELLED.value]
