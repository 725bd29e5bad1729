"""Compares what one client wrote down with the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from .journal import Line


@dataclass(frozen=True, slots=True)
class Life:
    """A log as it once was: the mid of each `seq`. A restored log is another life."""

    mids: dict[int, str]

    @property
    def top(self) -> int:
        return max(self.mids, default=0)

    def held(self, segment: Segment) -> bool:
        """Whether this is what the segment's reader saw, from its start on."""
        numbers = range(segment.start + 1, segment.start + 1 + len(segment.mids))
        return [self.mids.get(seq) for seq in numbers] == segment.mids


@dataclass(slots=True)
class Segment:
    """What came after a position that the client was given."""

    start: int
    mids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong with one client's sequence, and which gaps it was told of."""

    #: Events of the log after the client's last position that never came.
    lost: list[str]
    #: Handed on more than once.
    doubled: list[str]
    #: Of no log that there ever was.
    phantom: list[str]
    #: Sentences about order: frames that a client had to drop or that left a hole.
    disorder: list[str]
    #: Reasons of gaps, in order.
    gaps: list[str]

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.phantom or self.disorder)

    def __str__(self) -> str:
        parts = [
            f"{len(found)} {name} ({', '.join(found[:3])})"
            for name in ("lost", "doubled", "phantom", "disorder")
            if (found := getattr(self, name))
        ]
        return ", ".join(parts) or "whole"


def check(lines: Sequence[Line], lives: Sequence[Life]) -> Verdict:
    """Judge a client: its sequence equals the last of the logs, or a gap and then equality."""
    last = lives[-1]
    segments = _segments(lines)
    heard = [mid for segment in segments for mid in segment.mids]
    known = {mid for life in lives for mid in life.mids.values()}
    disorder = [line["text"] for line in lines if line["what"] == "disorder"]
    disorder += [
        f"after {segment.start} came {', '.join(segment.mids[:3])} …, in no such order in the log"
        for segment in segments[:-1]
        if not any(life.held(segment) for life in lives)
    ]
    final = segments[-1] if segments else Segment(0)
    wanted = [last.mids[seq] for seq in sorted(last.mids) if seq > final.start]
    came = set(final.mids)
    lost = [mid for mid in wanted if mid not in came]
    if not lost and final.mids != wanted:
        disorder.append(f"after {final.start} the order is not the log's")
    return Verdict(
        lost=lost,
        doubled=[mid for mid, times in Counter(heard).items() if times > 1],
        phantom=[mid for mid in heard if mid not in known],
        disorder=disorder,
        gaps=[line["reason"] for line in lines if line["what"] == "gap"],
    )


def _segments(lines: Sequence[Line]) -> list[Segment]:
    segments: list[Segment] = []
    for line in lines:
        if line["what"] in ("begun", "gap"):
            segments.append(Segment(line["seq"]))
        elif line["what"] == "event":
            segments[-1].mids.append(line["mid"])
    return segments
