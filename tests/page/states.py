"""Folders in each state that the page is drawn for, written by the rooms, and what an engine says there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from actors.state.database import database_path
from core.messages.engine_status import EngineStatus, HeartbeatStatus
from core.messages.state import (
    CloseCycle,
    OpenCycle,
    RecordDecision,
    RecordInstruction,
    RecordOrder,
    RecordSent,
)
from core.orders.books import CycleOutcome, Fill, Instruction, InstructionKind, Job, OrderRow, Proposal
from core.orders.lifecycle import OrderState
from core.orders.plan import ComboPlan
from core.values import Label, Leg, OptionType, OrderId, Side, SpreadKind
from reading.books import stored_positions
from tests.actors.state.books_room import CYCLE, EXPIRY, PROPOSAL, START, BooksRoom, plan
from tests.fakes.engine_status import MARKS, STATES, mark, state
from tests.page.answering import engine_in
from tests.page.years import entry_record, write_snapshots, write_years

TRADES = 20
LEGS = {
    "ETH-23JAN26-2800-P": ("0.0070", "0.0078", -0.16, "0.0153"),
    "ETH-23JAN26-2600-P": ("0.0020", "0.0024", -0.05, "0.0033"),
    "ETH-23JAN26-3400-C": ("0.0060", "0.0068", 0.15, "0.0127"),
    "ETH-23JAN26-3600-C": ("0.0022", "0.0026", 0.06, "0.0041"),
}
"""Of each leg: bid, ask and delta now, and the price of its fill."""
NEXT_LOOKS = {Job.HEALTH: 60, Job.MARKET_SNAPSHOT: 11 * 60, Job.BACKUP: 56 * 60, Job.MONITOR: 36_000}


@dataclass(frozen=True)
class State:
    """`write` makes the folder; `says` is what an engine on it says, None if none runs.

    With `hangs` it says that once and then nothing, and is in its state when the page shows these words.
    """

    write: Callable[[Path], None]
    says: Callable[[Path], EngineStatus] | None
    hangs: str | None = None


def condor_plan() -> ComboPlan:
    """Two contracts of 2800/2600P and 3400/3600C."""
    puts = plan(2)
    calls = tuple(
        Leg(
            instrument_name=name,
            option_type=OptionType.CALL,
            strike_usd=strike_usd,
            expiration=EXPIRY,
            side=side,
        )
        for name, strike_usd, side in (
            ("ETH-23JAN26-3400-C", 3400.0, Side.SELL),
            ("ETH-23JAN26-3600-C", 3600.0, Side.BUY),
        )
    )
    facts = tuple(
        known.model_copy(update={"instrument_name": call.instrument_name, "delta": 0.2})
        for known, call in zip(puts.leg_facts, calls, strict=True)
    )
    both = {
        "kind": SpreadKind.IRON_CONDOR,
        "legs": (*puts.legs, *calls),
        "leg_facts": (*puts.leg_facts, *facts),
        "limit_eth": Decimal("0.0206"),
        "breakeven_high_usd": 3461.5,
    }
    return puts.model_copy(update=both)


def write_empty(data_dir: Path) -> None:
    """Books of an engine that has not traded."""
    BooksRoom(data_dir).start().stop()


def write_condor(data_dir: Path) -> None:
    """An entry of two contracts that filled at once, and two days of snapshots since."""
    room = BooksRoom(data_dir).start()
    ordered = condor_plan()
    room.tell(OpenCycle(request_id="open", job=Job.ENTRY, slot=START, at=START))
    proposal = Proposal(proposal_id=PROPOSAL, cycle_id=CYCLE, plan=ordered, created_at=START)
    record = entry_record(START, 61.2, 10.2643)
    room.tell(RecordDecision(request_id="d", cycle_id=CYCLE, at=START, record=record, proposal=proposal))
    label = Label(f"{PROPOSAL}:e1")
    instruction = Instruction(
        label=label,
        proposal_id=PROPOSAL,
        cycle_id=CYCLE,
        kind=InstructionKind.ENTRY,
        attempt=1,
        legs=ordered.legs,
        amount=2,
        limit_eth=ordered.limit_eth,
        reduce_only=False,
        valid_until=START + timedelta(seconds=3),
        created_at=START,
        exit_rule=None,
    )
    room.tell(RecordInstruction(request_id="i", instruction=instruction))
    room.tell(RecordSent(request_id="s", label=label, at=START))
    row = OrderRow(
        label=label,
        state=OrderState.FILLED,
        order_id=OrderId("o-1"),
        amount=2,
        filled_amount=2,
        limit_eth=ordered.limit_eth,
        average_price_eth=ordered.limit_eth,
        updated_at=START + timedelta(minutes=1),
    )
    fills = tuple(
        Fill(
            trade_id=f"t-{leg.instrument_name}",
            label=label,
            instrument_name=leg.instrument_name,
            side=leg.side.value,
            amount=2,
            price_eth=Decimal(LEGS[leg.instrument_name][3]),
            fee_eth=Decimal("0.0006"),
            index_usd=Decimal("3100.25"),
            at=START + timedelta(minutes=1),
        )
        for leg in ordered.legs
    )
    room.tell(RecordOrder(request_id="f", order=row, fills=fills))
    room.tell(CloseCycle(request_id="c", cycle_id=CYCLE, outcome=CycleOutcome.ENTERED, reasons=(), at=START))
    room.stop()
    write_snapshots(data_dir, START, 2 * 96)


def write_trades(data_dir: Path) -> None:
    """Twenty weeks, a closed trade in each."""
    write_years(data_dir, TRADES, padded=False)


def write_damaged(data_dir: Path) -> None:
    """The condor's books, of which a page was overwritten."""
    write_condor(data_dir)
    path = database_path(data_dir)
    whole = path.read_bytes()
    path.write_bytes(whole[:512] + b"\xa5" * 4096 + whole[512 + 4096 :])


def _says(name: str, at: datetime, *, holds: bool = False) -> Callable[[Path], EngineStatus]:
    """One of the known states at another time, with the folder's own positions."""

    def said(data_dir: Path) -> EngineStatus:
        known = STATES[name] if name in STATES else state()
        legs = tuple(mark(leg, *values[:3]).model_copy(update={"at": at}) for leg, values in LEGS.items())
        assert MARKS.account is not None
        account = MARKS.account.model_copy(update={"at": at})
        seen = {"as_of": at, "last_snapshot_at": at, "legs": legs, "account": account}
        runs = {job: at + timedelta(seconds=seconds) for job, seconds in NEXT_LOOKS.items()}
        runs[Job.ENTRY] = at + timedelta(days=5, hours=3)
        return known.model_copy(
            update={
                "at": at,
                "market": MARKS.model_copy(update=seen),
                "positions": stored_positions(data_dir, everything=False) if holds else (),
                "heartbeat": HeartbeatStatus(at=at, well=True, calls=True, problem=None),
                "next_runs": runs if known.next_runs else {},
            }
        )

    return said


TWO_DAYS = START + timedelta(days=2)
STATES_OF_THE_PAGE: dict[str, State] = {
    "first-run": State(lambda data_dir: data_dir.mkdir(parents=True), None),
    "empty": State(write_empty, _says("empty", TWO_DAYS)),
    "condor": State(write_condor, _says("condor", TWO_DAYS, holds=True)),
    "trades": State(write_trades, _says("empty", START + timedelta(weeks=TRADES))),
    "armed": State(write_condor, _says("armed", TWO_DAYS, holds=True)),
    "stale": State(write_condor, _says("condor", TWO_DAYS, holds=True), hangs="has not answered"),
    "engine-dead": State(write_condor, None),
    "feed-parked": State(write_condor, _says("feed-parked", TWO_DAYS, holds=True)),
    "books-damaged": State(write_damaged, _says("books-damaged", TWO_DAYS)),
}


@contextmanager
def in_state(name: str, data_dir: Path) -> Iterator[Path]:
    """The folder in a state, with its engine while the block runs, if one runs there."""
    made = STATES_OF_THE_PAGE[name]
    made.write(data_dir)
    if made.says is None:
        yield data_dir
        return
    with engine_in(data_dir, made.says(data_dir), once=made.hangs is not None):
        yield data_dir
