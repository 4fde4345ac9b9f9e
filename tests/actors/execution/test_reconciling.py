"""A reconcile asked for, and the sizes that are looked at after an order ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.messages.arm_cause import ArmCause
from core.messages.execution import ExitStarted, FinalOutcome, Reconcile
from core.messages.kill_switch import ClearSuspension
from core.messages.room_status import (
    RecoveryReport,
)
from core.orders.lifecycle import PositionState
from tests.actors.execution.recoveries import arms, report
from tests.fakes.trading import SHORT, TradingHouse


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    return TradingHouse(tmp_path)


def test_reconcile_on_demand_clears_the_dead_letter_suspension(house: TradingHouse) -> None:
    before = len(house.told("decision", RecoveryReport))
    house.tell("execution", Reconcile(reason="a lost message"))
    assert len(house.told("decision", RecoveryReport)) == before + 1
    assert "dead_letter" in {clear.source for clear in house.told("kill_switch", ClearSuspension)}


def test_reconcile_on_demand_ends_entries_and_keeps_exits(house: TradingHouse) -> None:
    house.enter(2)
    house.close("p-entry-1")
    house.tell("execution", Reconcile(reason="a lost message"))
    house.advance(130)
    assert house.venue.named("edit_order")
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSING


def test_exit_that_a_reconcile_interrupts_is_still_answered_and_once(house: TradingHouse) -> None:
    """Its first order was on its way when the reconcile began: whoever asked still learns that it goes on."""
    house.enter(2)
    house.stop("mcp.orders")
    house.close("p-entry-1")
    assert house.told("decision", ExitStarted) == []
    house.start_orders()
    house.tell("execution", Reconcile(reason="a lost message"))
    house.advance(120)
    (answer,) = house.told("decision", ExitStarted)
    assert (answer.request_id, answer.started) == ("close-1", True)
    house.tell("execution", Reconcile(reason="another lost message"))
    house.advance(120)
    assert len(house.told("decision", ExitStarted)) == 1


def test_reconcile_during_an_entry_still_answers_decision(house: TradingHouse) -> None:
    house.place(house.propose(2))
    house.tell("execution", Reconcile(reason="a lost message"))
    house.advance(30)
    assert house.finals()[-1].outcome is FinalOutcome.NOT_FILLED
    assert house.finals()[-1].reasons == ("stopped",)
    assert report(house).ok


def test_sizes_are_checked_after_an_order_ended(house: TradingHouse) -> None:
    """A position that appears later than the last look at the order asks for a whole reconcile."""
    house.enter(2)
    house.venue.alien[SHORT] = 1
    house.advance(61)
    assert ArmCause.RECOVERY in arms(house)


def test_sizes_that_could_not_be_read_are_checked_again(house: TradingHouse) -> None:
    house.enter(2)
    house.venue.alien[SHORT] = 1
    house.advance(59)
    house.venue.faults["get_positions"].extend([500] * 4)
    house.advance(300)
    assert ArmCause.RECOVERY in arms(house)
