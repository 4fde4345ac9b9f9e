"""Small books with at least one row in each table that the log proves."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from core.messages.alerting import Severity
from core.messages.arm_cause import ArmCause
from core.messages.room_status import (
    AlertRow,
)
from core.messages.state import (
    BindAccount,
    CloseCycle,
    CloseProposal,
    LatchEntries,
    LiftLatches,
    OpenCycle,
    RecordAlert,
    RecordDecision,
    RecordDeliveries,
    RecordEdit,
    RecordInbox,
    RecordInboxDone,
    RecordKillSwitch,
    SetSystem,
)
from core.orders.books import CycleOutcome, Delivery, InstructionKind, Job, LatchSource, Proposal
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState
from core.values import CycleId, Environment, ProposalId
from tests.actors.state.books_room import (
    CYCLE,
    LONG,
    POSITION,
    SHORT,
    START,
    BooksRoom,
    fills,
    instruct,
    opened,
    order_row,
    plan,
    record,
    send,
)

GIVEN_UP = ProposalId("p-given-up")


def write_whole_books(room: BooksRoom) -> None:
    """A trade that ends partly by an exit and partly by settlement, a proposal that was given up, and the
    small tables."""
    room.tell(
        BindAccount(
            request_id="bind",
            environment=Environment.PAPER,
            account="A1",
            folder="here",
            tag="abcdef",
            at=START,
        )
    )
    room.tell(SetSystem(request_id="boot", key="boot", value="b1", at=START))
    opened(room, contracts=3)
    room.tell(
        CloseCycle(request_id="close", cycle_id=CYCLE, outcome=CycleOutcome.ENTERED, reasons=("a",), at=START)
    )
    exit_partly(room)
    deliver(room)
    give_up(room)
    switch(room, armed=True)
    pause_and_resume(room)
    room.tell(RecordInbox(request_id="in-1", at=START, message="RunEntryCycle", body="{}", who="ada"))
    room.tell(RecordInbox(request_id="in-2", at=START, message="RunEntryCycle", body="{}", who="ada"))
    room.tell(RecordInboxDone(request_id="done", inbox_request_id="in-1", at=START, answer="held"))
    for number, severity in enumerate((Severity.LOW, Severity.HIGH)):
        alert = AlertRow(
            alert_id=f"alert-{number}", severity=severity, code="code", text="words", cause="why", at=START
        )
        room.tell(RecordAlert(request_id=alert.alert_id, alert=alert, channels=("telegram",)))


def exit_partly(room: BooksRoom) -> None:
    """One of three contracts is closed by an exit, the rest of the exit is cancelled."""
    label = instruct(room, InstructionKind.EXIT, 1, amount=3, exit_rule=ExitRule.STOP)
    send(room, label)
    working = order_row(label, OrderState.WORKING, 0, 3)
    record(room, working, request="exit-works")
    room.tell(RecordEdit(request_id="edit-1", label=label, limit_eth=Decimal("-0.0041"), at=START))
    later = working.model_copy(update={"updated_at": START + timedelta(minutes=2)})
    record(room, later, request="exit-looked-at-again")
    cancelled = later.model_copy(
        update={"state": OrderState.CANCELLED, "filled_amount": 1, "average_price_eth": Decimal("0.0040")}
    )
    record(room, cancelled, fills(label, 3, 1, entry=False), request="exit-ends")


def deliver(room: BooksRoom) -> None:
    made = tuple(
        Delivery(
            key=f"{name}@e",
            position_id=POSITION,
            instrument_name=name,
            delivery_price_usd=Decimal("2700.1"),
            size=2,
            cash_flow_eth=cash,
            fee_eth=Decimal("0.00015"),
            at=START + timedelta(days=18),
        )
        for name, cash in ((SHORT, Decimal("-0.12345678")), (LONG, Decimal("0E-8")))
    )
    room.tell(RecordDeliveries(request_id="deliver", deliveries=made, at=START))


def give_up(room: BooksRoom) -> None:
    """A proposal that is cancelled before anything is sent, by a cycle that is still open."""
    slot = START + timedelta(days=7)
    room.tell(OpenCycle(request_id="open-2", job=Job.ENTRY, slot=slot, at=slot))
    cycle_id = CycleId(f"entry-{slot:%Y%m%dT%H%M%SZ}")
    proposal = Proposal(proposal_id=GIVEN_UP, cycle_id=cycle_id, plan=plan(), created_at=slot)
    room.tell(
        RecordDecision(request_id="decide-2", cycle_id=cycle_id, at=slot, record="{}", proposal=proposal)
    )
    room.tell(CloseProposal(request_id="give-up", proposal_id=GIVEN_UP, reason="vetoed", at=slot))


def pause_and_resume(room: BooksRoom) -> None:
    """The protections block entries, and so does a person, who then resumes their own."""
    for source in LatchSource:
        room.tell(
            LatchEntries(
                request_id=f"latch-{source}",
                source=source,
                reason="four losses in a row",
                who="ada",
                at=START,
            )
        )
    room.tell(RecordInbox(request_id="in-0", at=START, message="ResumeEntries", body="{}", who="ada"))
    room.tell(
        LiftLatches(
            request_id="lift",
            sources=(LatchSource.OPERATOR,),
            reason="fine",
            who="ada",
            at=START,
            inbox_request_id="in-0",
        )
    )
    room.tell(RecordInboxDone(request_id="lifted", inbox_request_id="in-0", at=START, answer="lifted"))


def switch(room: BooksRoom, *, armed: bool) -> None:
    room.tell(
        RecordKillSwitch(
            request_id=f"switch-{armed}",
            armed=armed,
            causes=(ArmCause.OPERATOR,) if armed else (),
            reason="look first",
            who="ada",
            at=START,
        )
    )


def make_whole_books(data_dir: Path) -> Path:
    """The folder after an orderly stop."""
    room = BooksRoom(data_dir).start()
    write_whole_books(room)
    room.stop()
    return data_dir
