"""The ledger of permits: which are outstanding, and how many entries were permitted.

A permit lapses by a timer: the wall clock may be set while an order under it is on its way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.messages.kill_switch import Permit, RequestPermit
from core.permit_times import LAPSE_AFTER_EXPIRY_S
from core.values import Label

UNKNOWN_PERMIT = "of-the-incarnation-before"
_HOUR = timedelta(seconds=3600)
_LABELS_KEPT = 10_000


@dataclass(frozen=True)
class PermitLapsed:
    """Timer: no order under this permit can reach the venue any more."""

    permit_id: str


class PermitLedger:
    """The outstanding permits. A new ledger assumes one of the previous incarnation, for one lifetime.

    `later` tells a message back after that many seconds; each `PermitLapsed` is for `returned`.
    """

    def __init__(self, later: Callable[[float, PermitLapsed], object], *, lifetime_s: float) -> None:
        self._later = later
        self._lapses_after_s = lifetime_s + LAPSE_AFTER_EXPIRY_S
        self._outstanding: set[str] = set()
        self._entries_at: deque[datetime] = deque()
        self._labels: dict[Label, None] = {}
        self.granted = 0
        self._give(UNKNOWN_PERMIT)

    def grant(self, permit: Permit, now: datetime) -> None:
        self.granted += 1
        self._give(permit.permit_id)
        if permit.terms.purpose.is_entry:
            self._entries_at.append(now)
        if permit.terms.purpose.is_placement:
            self._labels[permit.label] = None
            if len(self._labels) > _LABELS_KEPT:
                del self._labels[next(iter(self._labels))]

    def returned(self, permit_id: str) -> None:
        """Take back a permit that is spent, void or lapsed; one of an earlier life is not known here."""
        self._outstanding.discard(permit_id)

    def outstanding(self) -> frozenset[str]:
        """Permits under which an order may still reach the venue."""
        return frozenset(self._outstanding)

    def is_used(self, request: RequestPermit) -> bool:
        """True for a placement whose label already had its permit: one label, one send."""
        return request.terms.purpose.is_placement and request.label in self._labels

    def entries_last_hour(self, now: datetime) -> int:
        """Entry requests (placements and edits) that were permitted in the last 3600 s."""
        while self._entries_at and now - self._entries_at[0] >= _HOUR:
            self._entries_at.popleft()
        return len(self._entries_at)

    def _give(self, permit_id: str) -> None:
        self._outstanding.add(permit_id)
        self._later(self._lapses_after_s, PermitLapsed(permit_id))
