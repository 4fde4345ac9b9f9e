"""Books of years of weekly trades: decisions of their true size, and a snapshot each quarter of an hour.

`python -m tests.page.years DIR 156` makes the folder of three years that docs/page.md measures with.
"""

from __future__ import annotations

import json
import math
import random
import sqlite3
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from core.messages.state import (
    CloseCycle,
    OpenCycle,
    RecordDecision,
    RecordInstruction,
    RecordOrder,
    RecordSent,
)
from core.orders.books import CycleOutcome, Fill, Instruction, InstructionKind, Job, OrderRow, Proposal
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState
from core.values import CycleId, Label, OrderId, ProposalId, cycle_id_of
from tests.actors.state.books_room import LONG, SHORT, START, BooksRoom, plan

SNAPSHOT_EVERY = timedelta(minutes=15)
ENTRY_PADDING = "x" * 55_000
"""A recorded entry holds the quotes of an expiry and a month of hourly closes."""
EXIT_PADDING = "x" * 3_800
MONITORS_A_DAY = 2
SMILE = tuple(range(1600, 4700, 100))


def write_years(data_dir: Path, weeks: int, *, padded: bool = True) -> None:
    """A put spread sold each Monday and bought back four days later; two monitors a day."""
    room = BooksRoom(data_dir).start()
    draw = random.Random(7)
    for week in range(weeks):
        _write_week(room, week, draw, padded=padded)
    room.stop()
    write_snapshots(data_dir, START, weeks * 7 * 96)


def _write_week(room: BooksRoom, week: int, draw: random.Random, *, padded: bool) -> None:
    slot = START + timedelta(weeks=week)
    cycle = cycle_id_of("entry", slot)
    proposal_id = ProposalId(f"p-{cycle}")
    room.tell(OpenCycle(request_id=f"o-{cycle}", job=Job.ENTRY, slot=slot, at=slot))
    dvol = 55.0 + 12.0 * math.sin(week / 9.0)
    record = entry_record(slot, dvol, 9.0 + week / 100.0, padding=ENTRY_PADDING if padded else "")
    proposal = Proposal(proposal_id=proposal_id, cycle_id=cycle, plan=plan(), created_at=slot)
    room.tell(
        RecordDecision(request_id=f"d-{cycle}", cycle_id=cycle, at=slot, record=record, proposal=proposal)
    )
    _order(room, proposal_id, cycle, slot, Decimal("0.0120"), InstructionKind.ENTRY, draw)
    room.tell(
        CloseCycle(request_id=f"c-{cycle}", cycle_id=cycle, outcome=CycleOutcome.ENTERED, reasons=(), at=slot)
    )
    monitors = [slot.replace(hour=0) + timedelta(hours=12 * step) for step in range(1, 7 * MONITORS_A_DAY)]
    for number, at in enumerate(monitors, start=1):
        monitor = cycle_id_of("monitor", at)
        room.tell(OpenCycle(request_id=f"o-{monitor}", job=Job.MONITOR, slot=at, at=at))
        if number <= 8:
            made = {
                "decided": "exit",
                "decision": {"position_id": proposal_id, "mid_cost_eth": "0.0035", "rules": []},
                "padding": EXIT_PADDING if padded else "",
            }
            room.tell(
                RecordDecision(request_id=f"d-{monitor}", cycle_id=monitor, at=at, record=json.dumps(made))
            )
        if number == 8:
            paid = Decimal(draw.choice(["-0.0030", "-0.0040", "-0.0050", "-0.0300"]))
            _order(room, proposal_id, monitor, at, paid, InstructionKind.EXIT, draw)
        outcome = CycleOutcome.HELD if number < 8 else CycleOutcome.EXITED if number == 8 else None
        room.tell(
            CloseCycle(
                request_id=f"c-{monitor}",
                cycle_id=monitor,
                outcome=outcome or CycleOutcome.NOTHING_OPEN,
                reasons=(),
                at=at,
            )
        )


def entry_record(at: datetime, dvol: float, equity_eth: float, *, padding: str = "") -> str:
    """What an entry decision leaves behind, as far as the page reads it."""
    rules = [
        {
            "rule": "market",
            "inputs": {"rv14_pct": dvol - 8.0, "funding_frac": 0.08},
            "checks": [
                _check("dvol_below_min", dvol, ">=", 40.0, passed=dvol >= 40.0),
                _check("dvol_above_max", dvol, "<=", 85.0, passed=True),
                _check("vrp_below_min", 8.0, ">=", 0.0, passed=True),
            ],
        },
    ]
    facts = {
        "account": {
            "equity_usd": 203_549.2,
            "eur_usd": 1.17,
            "eth_share": 0.1378,
            "venue_equity_eth": equity_eth,
        },
        "market": {"spot_usd": spot_at(at), "dvol": dvol},
    }
    decision = {"outcome": "propose", "reasons": [], "rules": rules}
    return json.dumps({"decided": "entry", "facts": facts, "decision": decision, "padding": padding})


def _check(code: str, value: float, op: str, threshold: float, *, passed: bool) -> dict[str, object]:
    return {"code": code, "value": value, "op": op, "threshold": threshold, "passed": passed, "note": ""}


def _order(
    room: BooksRoom,
    proposal_id: ProposalId,
    cycle: CycleId,
    at: datetime,
    limit_eth: Decimal,
    kind: InstructionKind,
    draw: random.Random,
) -> None:
    """An instruction that is sent and filled at once."""
    entry = kind is InstructionKind.ENTRY
    label = Label(f"{proposal_id}:{'e' if entry else 'x'}1")
    legs = plan().legs if entry else tuple(each.reversed() for each in plan().legs)
    instruction = Instruction(
        label=label,
        proposal_id=proposal_id,
        cycle_id=cycle,
        kind=kind,
        attempt=1,
        legs=legs,
        amount=2,
        limit_eth=limit_eth,
        reduce_only=not entry,
        valid_until=at + timedelta(seconds=3),
        created_at=at,
        exit_rule=None if entry else draw.choice([ExitRule.PROFIT, ExitRule.STOP]),
    )
    room.tell(RecordInstruction(request_id=f"i-{label}", instruction=instruction))
    room.tell(RecordSent(request_id=f"s-{label}", label=label, at=at))
    row = OrderRow(
        label=label,
        state=OrderState.FILLED,
        order_id=OrderId(f"v-{label}"),
        amount=2,
        filled_amount=2,
        limit_eth=limit_eth,
        average_price_eth=limit_eth,
        updated_at=at,
    )
    near, far = Decimal("0.0033"), abs(limit_eth) + Decimal("0.0033")
    fills = tuple(
        Fill(
            trade_id=f"{label}-{name}",
            label=label,
            instrument_name=name,
            side=side,
            amount=2,
            price_eth=price,
            fee_eth=Decimal("0.0006"),
            index_usd=Decimal(f"{spot_at(at):.2f}"),
            at=at,
        )
        for name, side, price in (
            (SHORT, "sell" if entry else "buy", far),
            (LONG, "buy" if entry else "sell", near),
        )
    )
    room.tell(RecordOrder(request_id=f"f-{label}", order=row, fills=fills))


def spot_at(at: datetime) -> float:
    """The index in USD: two waves, so that there is something to see."""
    days = (at - START) / timedelta(days=1)
    return round(3100.0 + 500.0 * math.sin(days / 60.0) + 40.0 * math.sin(days * 5.0), 2)


def write_snapshots(data_dir: Path, began: datetime, count: int) -> None:
    """Stored snapshots, each with a smile of one expiry and both sides, as the engine stores them."""
    with closing(sqlite3.connect(data_dir / "market.db")) as db:
        sql = "INSERT INTO market_snapshots (at, spot_usd, dvol, funding, quotes) VALUES (?, ?, ?, ?, ?)"
        db.executemany(sql, _snapshots(began, count))
        db.commit()


def _snapshots(began: datetime, count: int) -> Iterator[tuple[str, float, float, float, bytes]]:
    draw = random.Random(11)
    quotes = zlib.compress(json.dumps(_quotes(draw)).encode(), 1)
    for number in range(count):
        at = began + number * SNAPSHOT_EVERY
        dvol = 55.0 + 12.0 * math.sin(number / 6000.0) + draw.uniform(-1.0, 1.0)
        yield at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), spot_at(at), round(dvol, 2), 0.08, quotes


def _quotes(draw: random.Random) -> list[list[str | float | None]]:
    rows: list[list[str | float | None]] = []
    for strike in SMILE:
        for side in "PC":
            mark = max(0.0001, 0.03 - abs(strike - 3100) / 60_000) * draw.uniform(0.98, 1.02)
            name = f"ETH-23JAN26-{strike}-{side}"
            iv = 55.0 + (strike - 3100) ** 2 / 60_000
            delta = 0.2 if side == "C" else -0.2
            rows.append([name, f"{mark * 0.97:.4f}", f"{mark * 1.03:.4f}", f"{mark:.6f}", iv, delta, 300, 30])
    return rows


if __name__ == "__main__":
    write_years(Path(sys.argv[1]), int(sys.argv[2]))
