"""An open position, and the marks of its legs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from core.messages.room_status import LegMark, Marks
from core.orders.books import Position
from core.orders.lifecycle import PositionState
from core.values import CycleId, PositionId, SpreadKind
from tests.fakes.trading import plan

NOW = datetime(2026, 1, 5, 14, 4, tzinfo=UTC)
POSITION = Position(
    position_id=PositionId("p-1"),
    cycle_id=CycleId("entry-1"),
    plan=plan(2),
    kind=SpreadKind.BULL_PUT,
    state=PositionState.OPEN,
    contracts_opened=2,
    contracts=2,
    entered_at=NOW,
    credit_eth=Decimal("0.0200"),
    fees_eth=Decimal("0.0012"),
    pnl_eth=Decimal("0.0188"),
    pnl_usd=Decimal("56.4"),
)


def mark(name: str, mark_eth: str) -> LegMark:
    return LegMark(
        instrument_name=name,
        bid_eth=None,
        ask_eth=None,
        mark_eth=Decimal(mark_eth),
        mark_iv_pct=60.0,
        forward_usd=3010.0,
        delta=-0.2,
        at=NOW,
    )


def marks(*legs: LegMark) -> Marks:
    return Marks(
        as_of=NOW,
        spot_usd=3000.0,
        dvol=60.0,
        funding_frac=0.1,
        legs=legs,
        last_snapshot_at=NOW,
        stale_reason=None,
        fetches_under_way=0,
        failures=0,
        last_failure=None,
        failed_routers=(),
    )
