"""In whatever order: the books are the sum of what was booked, and only legal edges are written."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.state.tables import ledger, positions
from core.audit.hash_chain import GENESIS, follow_all, read_record, split_lines
from core.messages.base import Refused
from core.messages.state import RecordDeliveries
from core.orders.books import Delivery, Fill, InstructionKind
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import ORDER_FINAL, POSITION_EDGES, OrderState, PositionState
from core.values import Label, round_eth
from reading.proof import books_proved
from tests.actors.state.books_room import (
    LONG,
    POSITION,
    SHORT,
    START,
    BooksRoom,
    fills,
    instruct,
    order_row,
    propose,
    record,
    send,
)

SIZE = 3


class BooksMachine(RuleBasedStateMachine):
    """A venue of one position: entry and exit orders fill in part, repeat themselves, end, and expire."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.room = BooksRoom(Path(self.folder.name)).start()
        self.number = 0
        self.venue_eth = Decimal(0)
        self.held = 0
        self.opened = 0
        self.live: dict[Label, tuple[InstructionKind, int, tuple[Fill, ...]]] = {}
        self.attempts = 0
        self.delivered = False

    @initialize()
    def enter(self) -> None:
        propose(self.room, SIZE)
        label = instruct(self.room, amount=SIZE)
        send(self.room, label)
        self.live[label] = (InstructionKind.ENTRY, SIZE, ())

    def teardown(self) -> None:
        self.room.kill()
        self.folder.cleanup()

    def request(self) -> str:
        self.number += 1
        return f"r{self.number}"

    @precondition(lambda self: self.live)
    @rule(data=st.data(), amount=st.integers(1, SIZE), tell_old=st.booleans())
    def fill(self, data: st.DataObject, amount: int, tell_old: bool) -> None:
        label = data.draw(st.sampled_from(sorted(self.live)))
        kind, rest, before = self.live[label]
        amount = min(amount, rest)
        if kind is InstructionKind.EXIT:
            amount = min(amount, self.held)
        if amount == 0 or self.delivered:
            return
        self.number += 1
        new = fills(label, self.number, amount, entry=kind is InstructionKind.ENTRY)
        for fill in new:
            sign = 1 if fill.side == "sell" else -1
            self.venue_eth += round_eth(sign * fill.price_eth * fill.amount) - fill.fee_eth
        self.held += amount if kind is InstructionKind.ENTRY else -amount
        self.opened += amount if kind is InstructionKind.ENTRY else 0
        total = sum(fill.amount for fill in before + new) // 2
        done = rest == amount
        row = order_row(
            label, OrderState.FILLED if done else OrderState.WORKING, total, total + rest - amount
        )
        answer = record(self.room, row, before + new if tell_old else new, request=self.request())
        assert not isinstance(answer, Refused), answer
        if done:
            del self.live[label]
        else:
            self.live[label] = (kind, rest - amount, before + new)

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        label = data.draw(st.sampled_from(sorted(self.live)))
        _, rest, before = self.live.pop(label)
        total = sum(fill.amount for fill in before) // 2
        row = order_row(label, OrderState.CANCELLED, total, total + rest)
        answer = record(self.room, row, before, request=self.request())
        assert not isinstance(answer, Refused), answer

    @precondition(
        lambda self: self.held and not self.delivered and not any(":x" in label for label in self.live)
    )
    @rule()
    def exit(self) -> None:
        self.attempts += 1
        label = instruct(
            self.room, InstructionKind.EXIT, self.attempts, amount=self.held, exit_rule=ExitRule.STOP
        )
        send(self.room, label)
        self.live[label] = (InstructionKind.EXIT, self.held, ())

    @precondition(lambda self: self.held and not self.live and not self.delivered)
    @rule(again=st.booleans())
    def expire(self, again: bool) -> None:
        self.delivered = True
        made = tuple(
            Delivery(
                key=f"{name}@e",
                position_id=POSITION,
                instrument_name=name,
                delivery_price_usd=Decimal("2700.1"),
                size=self.held,
                cash_flow_eth=Decimal("-0.12345678") if name == SHORT else Decimal("0.00000001"),
                fee_eth=Decimal("0.00015"),
                at=START + timedelta(days=18),
            )
            for name in (SHORT, LONG)
        )
        self.venue_eth += sum((d.cash_flow_eth - d.fee_eth for d in made), Decimal(0))
        self.held = 0
        for _ in range(1 + again):
            request = RecordDeliveries(request_id=self.request(), deliveries=made, at=START)
            assert not isinstance(self.room.answer_to(request), Refused)

    @rule(orderly=st.booleans())
    def restart(self, orderly: bool) -> None:
        if orderly:
            self.room.stop()
        else:
            self.room.kill()
        self.room = BooksRoom(Path(self.folder.name)).start()

    @invariant()
    def the_books_are_the_venues_balance_to_the_last_decimal(self) -> None:
        db = self.room.state._db
        assert db is not None
        assert sum((flow.amount_eth for flow in ledger.flows(db)), Decimal(0)) == self.venue_eth
        found = positions.by_id(db, POSITION)
        if found is not None:
            assert found.pnl_eth == self.venue_eth
            assert (found.contracts, found.contracts_opened) == (self.held, self.opened)

    @invariant()
    def the_books_are_what_the_log_makes_of_them(self) -> None:
        assert books_proved(Path(self.folder.name)).lines() == ()

    @invariant()
    def the_state_is_what_size_and_live_orders_say(self) -> None:
        db = self.room.state._db
        assert db is not None
        found = positions.by_id(db, POSITION)
        if found is None:
            return
        entry_live = any(":e" in label for label in self.live)
        if self.opened == 0:
            expected = {PositionState.AWAITING_FILL} if entry_live else {PositionState.CANCELLED}
        elif self.held == 0 and not entry_live:
            expected = {PositionState.CLOSED}
        else:
            expected = {PositionState.OPEN, PositionState.CLOSING}
        assert found.state in expected

    @invariant()
    def every_edge_on_record_is_legal_and_the_chain_proves(self) -> None:
        lines = split_lines(self.room.audit_bytes())
        follow_all(GENESIS, lines)
        final = {state.value for state in ORDER_FINAL}
        ended: set[object] = set()
        for line in lines:
            made = read_record(line)
            if made.kind == "POSITION" and made.detail["from"] is not None:
                edge = (PositionState(str(made.detail["from"])), PositionState(str(made.detail["to"])))
                assert edge in POSITION_EDGES
            if made.kind == "ORDER" and made.detail["to"] in final:
                assert made.detail["label"] not in ended
                ended.add(made.detail["label"])


TestBooks = BooksMachine.TestCase
TestBooks.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
