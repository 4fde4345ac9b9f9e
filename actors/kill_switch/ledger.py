"""The ledger of permits: which are outstanding, when each lapses, and how many entries were permitted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from core.messages.kill_switch import Permit, RequestPermit
from core.permit_times import LAPSE_AFTER_EXPIRY_S
from core.values import Label

LAPSE_AFTER_EXPIRY = timedelta(seconds=LAPSE_AFTER_EXPIRY_S)
UNKNOWN_PERMIT = "of-the-incarnation-before"
_HOUR = timedelta(seconds=3600)
_LABELS_KEPT = 10_000


class PermitLedger:
    """The outstanding permits. A new ledger assumes one of the previous incarnation, for one lifetime."""

    def __init__(self, *, started_at: datetime, lifetime_s: float) -> None:
        self._lapses_at: dict[str, datetime] = {
            UNKNOWN_PERMIT: started_at + timedelta(seconds=lifetime_s) + LAPSE_AFTER_EXPIRY
        }
        self._entries_at: deque[datetime] = deque()
        self._labels: dict[Label, None] = {}
        self.granted = 0

    def grant(self, permit: Permit, now: datetime) -> None:
        self.granted += 1
        self._lapses_at[permit.permit_id] = permit.expires_at + LAPSE_AFTER_EXPIRY
        if permit.terms.purpose.is_entry:
            self._entries_at.append(now)
        if permit.terms.purpose.is_placement:
            self._labels[permit.label] = None
            if len(self._labels) > _LABELS_KEPT:
                del self._labels[next(iter(self._labels))]

    def returned(self, permit_id: str) -> None:
        """Take back a permit that is spent or void; one of an earlier incarnation is not known here."""
        self._lapses_at.pop(permit_id, None)

    def outstanding(self, now: datetime) -> frozenset[str]:
        """Permits under which an order may still reach the venue."""
        for permit_id in [found for found, at in self._lapses_at.items() if at <= now]:
            del self._lapses_at[permit_id]
        return frozenset(self._lapses_at)

    def last_lapse(self, permit_ids: Iterable[str]) -> datetime | None:
        """When the last of these permits lapses; None if none of them is outstanding."""
        return max((self._lapses_at[i] for i in permit_ids if i in self._lapses_at), default=None)

    def is_used(self, request: RequestPermit) -> bool:
        """True for a placement whose label already had its permit: one label, one send."""
        return request.terms.purpose.is_placement and request.label in self._labels

    def entries_last_hour(self, now: datetime) -> int:
        """Entry requests (placements and edits) that were permitted in the last 3600 s."""
        while self._entries_at and now - self._entries_at[0] >= _HOUR:
            self._entries_at.popleft()
        return len(self._entries_at)
