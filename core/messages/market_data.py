"""Market data: gathers one snapshot of the market from several routers, whole or not at all."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from core.market.incomplete import fault_code
from core.messages.base import Answered, Command, Event, Query
from core.messages.room_status import LegMark, Marks
from core.rules.facts import AccountFacts, HeldAccount, MarketFacts, MonitorMarket
from core.values import CycleId, Value


class SnapshotKind(StrEnum):
    ENTRY = "entry"
    MONITOR = "monitor"


class Snapshot(Event):
    request_id: str
    cycle_id: CycleId
    market: EntryMarket | MonitorMarket


class SnapshotFailed(Event):
    """Every part that is missing, not only the first."""

    request_id: str
    cycle_id: CycleId
    faults: tuple[SnapshotFault, ...]


class FetchSnapshot(Query[Snapshot | SnapshotFailed]):
    """Gather what a cycle decides on; answered by `Snapshot` or `SnapshotFailed`.

    `expirations` are those of the legs that are held; an entry also reads those that it may choose from.
    No fetch starts after `deadline`.
    """

    request_id: str
    cycle_id: CycleId
    kind: SnapshotKind
    expirations: tuple[datetime, ...] = ()
    deadline: datetime


class EntryMarket(Value):
    """The entry facts that market data supplies; the chain was fetched last."""

    account: AccountFacts
    market: MarketFacts


class SnapshotFault(Value):
    """One part that is missing: `kind` is an `McpFault` or a `PartFault`."""

    source: str
    """The router, or the room, that should have answered."""
    part: str
    kind: str
    detail: str

    @property
    def reason(self) -> str:
        """As `fault_code`."""
        return fault_code(self.source, self.part, self.kind)


class MarketSnapshotStored(Event):
    """A snapshot of the market is in the books. `slot` is the due moment it was taken for.

    `account` is read while something is held, and once after that; `legs` are the marks of what is held.
    """

    request_id: str
    slot: datetime
    at: datetime
    spot_usd: float
    dvol: float
    quotes: int
    account: HeldAccount | None = None
    legs: tuple[LegMark, ...] = ()


class MarketSnapshotFailed(Event):
    request_id: str
    slot: datetime
    reasons: tuple[str, ...]


class TakeMarketSnapshot(Command, Answered[MarketSnapshotStored | MarketSnapshotFailed]):
    """Store a snapshot of the market now, outside the schedule.

    Answered by `MarketSnapshotStored` or `MarketSnapshotFailed`. Asked again meanwhile, it is read once.
    """

    request_id: str
    slot: datetime


class GetMarks(Query[Marks]):
    """Answered by `Marks`."""
