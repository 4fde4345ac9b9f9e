"""The last known values of the market: spot, DVOL, funding, marks of open legs, spots of the last hours."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from core.market.own_snapshots import SPOT_AGO_TOLERANCE, SPOTS_KEPT
from core.messages.room_status import AccountSeen, LegMark
from core.values import Leg


@dataclass
class Seen:
    """The last value of each, in memory only: a new incarnation learns them again from the next snapshots."""

    spot_usd: float | None = None
    as_of: datetime | None = None
    dvol: float | None = None
    funding_frac: float | None = None
    legs: tuple[Leg, ...] = ()
    marks: dict[str, LegMark] = field(default_factory=dict)
    last_snapshot_at: datetime | None = None
    stale_reason: str | None = None
    account: AccountSeen | None = None
    spots: deque[tuple[datetime, float]] = field(default_factory=lambda: deque(maxlen=SPOTS_KEPT))

    def take_spot(self, spot_usd: float, as_of: datetime) -> bool:
        """Keep it if it is not older than what is known; False if it is."""
        if self.as_of is not None and as_of < self.as_of:
            return False
        self.spot_usd, self.as_of = spot_usd, as_of
        return True

    def keep_for_later(self) -> None:
        """Add the last spot to those of our own snapshots."""
        if self.spot_usd is not None and self.as_of is not None:
            self.spots.append((self.as_of, self.spot_usd))

    def spot_at(self, moment: datetime) -> float | None:
        """The spot at `moment` by our own snapshots, or None if none was taken shortly before."""
        before = [(at, spot) for at, spot in self.spots if at <= moment]
        if not before or moment - before[-1][0] > SPOT_AGO_TOLERANCE:
            return None
        return before[-1][1]

    def take_legs(self, legs: tuple[Leg, ...]) -> None:
        """These legs are open now; marks of others are dropped."""
        self.legs = legs
        names = {leg.instrument_name for leg in legs}
        self.marks = {name: mark for name, mark in self.marks.items() if name in names}
