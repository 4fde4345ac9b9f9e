"""Books with one trade that an exit closed, the decisions that led to it, and marks of the market."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal

from core.messages.state import CloseCycle, OpenCycle, RecordDecision, RecordInstruction, RecordMarketSnapshot
from core.orders.books import CycleOutcome, Instruction, InstructionKind, Job
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState
from core.values import CycleId, Label
from tests.actors.state.books_room import (
    CYCLE,
    LONG,
    POSITION,
    PROPOSAL,
    SHORT,
    START,
    BooksRoom,
    fills,
    opened,
    order_row,
    plan,
    record,
    send,
)

MONITOR_AT = START + timedelta(days=2)
MONITOR = CycleId("monitor-20260107T140000Z")
EXIT = Label(f"{PROPOSAL}:x1")


def entered(room: BooksRoom) -> None:
    """Two contracts are sold: mid 0.0121, received 0.0153 - 0.0033 = 0.0120 each."""
    opened(room)
    room.tell(
        CloseCycle(request_id="c-1", cycle_id=CYCLE, outcome=CycleOutcome.ENTERED, reasons=(), at=START)
    )


def closed(room: BooksRoom, *, mid_cost_eth: str | None = "0.0035", filled: int = 2) -> None:
    """A monitor cycle buys them back by `profit`: paid 0.0071 - 0.0031 = 0.0040 each."""
    room.tell(OpenCycle(request_id="open-monitor", job=Job.MONITOR, slot=MONITOR_AT, at=MONITOR_AT))
    decision = {"position_id": POSITION, "mid_cost_eth": mid_cost_eth}
    decided(room, MONITOR, MONITOR_AT, {"decided": "exit", "decision": decision})
    instruction = Instruction(
        label=EXIT,
        proposal_id=PROPOSAL,
        cycle_id=MONITOR,
        kind=InstructionKind.EXIT,
        attempt=1,
        legs=tuple(leg.reversed() for leg in plan().legs),
        amount=2,
        limit_eth=Decimal("-0.0040"),
        reduce_only=True,
        valid_until=MONITOR_AT + timedelta(seconds=3),
        created_at=MONITOR_AT,
        exit_rule=ExitRule.PROFIT,
    )
    room.tell(RecordInstruction(request_id="i-exit", instruction=instruction))
    send(room, EXIT)
    state = OrderState.FILLED if filled == 2 else OrderState.WORKING
    row = order_row(EXIT, state, filled, 2, "-0.0040").model_copy(update={"updated_at": MONITOR_AT})
    record(room, row, fills(EXIT, 5, filled, entry=False), request="exit-filled")


def refused(room: BooksRoom, week: int, outcome: CycleOutcome, *reasons: str) -> None:
    """An entry cycle of a later week that did not enter."""
    slot = START + timedelta(weeks=week)
    room.tell(OpenCycle(request_id=f"open-{week}", job=Job.ENTRY, slot=slot, at=slot))
    cycle_id = CycleId(f"entry-{slot:%Y%m%dT%H%M%SZ}")
    room.tell(
        CloseCycle(request_id=f"close-{week}", cycle_id=cycle_id, outcome=outcome, reasons=reasons, at=slot)
    )


def account_seen(room: BooksRoom, cycle_id: CycleId, at: datetime, equity_eth: float, spot: float) -> None:
    """An entry decision that read the account."""
    facts = {"account": {"venue_equity_eth": equity_eth}, "market": {"spot_usd": spot}}
    decided(room, cycle_id, at, {"decided": "entry", "facts": facts})


def decided(room: BooksRoom, cycle_id: CycleId, at: datetime, made: dict[str, object]) -> None:
    text = json.dumps(made)
    request = f"d-{cycle_id}-{at:%d%H%M%S}"
    room.tell(RecordDecision(request_id=request, cycle_id=cycle_id, at=at, record=text))


def marked(room: BooksRoom, short_eth: str, long_eth: str, at: datetime = START) -> None:
    """A stored snapshot: index 3,000 USD."""
    rows = [[SHORT, None, None, short_eth, 60, -0.2, 1, 1], [LONG, None, None, long_eth, 60, -0.1, 1, 1]]
    room.tell(
        RecordMarketSnapshot(
            request_id=f"snapshot-{at:%d%H%M}",
            at=at,
            spot_usd=3000.0,
            dvol=60.0,
            funding=None,
            quotes=json.dumps(rows),
        )
    )
