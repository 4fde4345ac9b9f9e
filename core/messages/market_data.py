"""Market data: gathers one snapshot of the market from several routers, whole or not at all."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from core.contract.base import Router
from core.messages.base import Answered, Command, Event, Query
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


class PartFault(StrEnum):
    """Why one part of a snapshot is missing, beside the kinds of `McpFault`."""

    ACTOR_FAILED = "actor_failed"
    NO_ANSWER = "no_answer"
    STALE = "stale"
    INCOMPLETE = "incomplete"


class SnapshotFault(Value):
    """One part that is missing: `kind` is an `McpFault` or a `PartFault`."""

    source: str
    """The router, or the room, that should have answered."""
    part: str
    kind: str
    detail: str

    @property
    def reason(self) -> str:
        """The stable code, e.g. `deribit.get_dvol:server`."""
        return f"{self.source}.{self.part}:{self.kind}"


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


class Marks(Event):
    """The market as last seen; a part is None until it is first seen. `failures` counts from the start."""

    as_of: datetime | None
    spot_usd: float | None
    dvol: float | None
    funding_frac: float | None
    legs: tuple[LegMark, ...]
    last_snapshot_at: datetime | None
    stale_reason: str | None
    fetches_under_way: int
    failures: int
    last_failure: str | None
    failed_routers: tuple[Router, ...]
    """Routers whose actor ended and has not answered since."""
    spot_4h_ago_usd: float | None = None
    """By our own snapshots; None if none was taken then."""
    account: AccountSeen | None = None
    """The account at the venue as the last snapshot that was stored saw it."""


class GetMarks(Query[Marks]):
    """Answered by `Marks`."""


class AccountSeen(Value):
    """The account at the venue, ETH, as it was at `at`."""

    at: datetime
    equity_eth: Decimal
    balance_eth: Decimal
    initial_margin_eth: Decimal
    maintenance_margin_eth: Decimal


class LegMark(Value):
    """One open leg as last seen: ETH per contract, IV in percent points, the expiry's forward in USD."""

    instrument_name: str
    bid_eth: Decimal | None
    ask_eth: Decimal | None
    mark_eth: Decimal
    mark_iv_pct: float
    forward_usd: float
    delta: float
    at: datetime
