"""What execution tells a person about an order that it can't read, cancel, book or price."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert
from core.messages.kill_switch import ArmKillSwitch
from core.messages.state import CloseProposal
from core.orders.lifecycle import PositionState
from tests.fakes.trading import SHORT, TradingHouse

LABEL = "p-entry-1:abcdef:e1"
REFUSALS = [422] * 40
"""HTTP's word for a request that need not be tried again as it is."""


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    return TradingHouse(tmp_path)


def told(house: TradingHouse, code: AlertCode) -> list[str]:
    return [alert.text for alert in house.told("alerting", RaiseAlert) if alert.code is code]


@pytest.mark.raises_alert(AlertCode.RESTING_ORDER_UNREAD)
def test_a_resting_entry_that_can_not_be_read_is_told_once(house: TradingHouse) -> None:
    house.place(house.propose())
    house.venue.faults["get_order_by_label"].extend(REFUSALS)
    house.advance(600)
    assert len(told(house, AlertCode.RESTING_ORDER_UNREAD)) == 1


@pytest.mark.raises_alert(AlertCode.CANCEL_UNCONFIRMED)
def test_a_cancel_that_is_never_confirmed_is_told_and_tried_on(house: TradingHouse) -> None:
    house.place(house.propose())
    house.venue.faults["cancel_order"].extend([422] * 4)
    house.advance(960)
    (text,) = told(house, AlertCode.CANCEL_UNCONFIRMED)
    assert "after 3 tries" in text
    assert len(house.venue.named("cancel_order")) == 5
    assert house.books.positions["p-entry-1"].state is PositionState.CANCELLED


@pytest.mark.raises_alert(AlertCode.FILLS_UNREAD)
def test_fills_that_can_not_be_read_are_told_and_booked_when_they_can(house: TradingHouse) -> None:
    house.venue.faults["get_trades_by_order"].extend([422] * 4)
    house.enter(2)
    house.advance(60)
    (text,) = told(house, AlertCode.FILLS_UNREAD)
    assert "2 filled combos" in text
    assert house.books.positions["p-entry-1"].contracts == 2


@pytest.mark.raises_alert(AlertCode.EXIT_QUOTES_MISSING)
def test_a_resting_exit_without_quotes_is_told_and_stays(house: TradingHouse) -> None:
    house.enter(2)
    house.close("p-entry-1")
    house.venue.faults["get_options_chain"].extend(REFUSALS)
    house.advance(61)
    assert told(house, AlertCode.EXIT_QUOTES_MISSING)
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSING


@pytest.mark.raises_alert(AlertCode.PROPOSAL_NOT_CLOSED)
def test_a_proposal_that_the_books_will_not_close_is_told(house: TradingHouse) -> None:
    proposal = house.propose()
    house.tell("kill_switch", ArmKillSwitch(reason="stop"))
    house.books.refuse[CloseProposal] = "disk_full"
    house.place(proposal)
    (text,) = told(house, AlertCode.PROPOSAL_NOT_CLOSED)
    assert text == "p-entry-1 could not be closed: disk_full"


@pytest.mark.raises_alert(AlertCode.LATE_FILLS_BOOKED)
def test_fills_of_an_order_that_was_thought_cancelled_are_told_when_they_are_booked(
    house: TradingHouse,
) -> None:
    house.place(house.propose(2))
    house.advance(930)
    house.venue.fill(LABEL, 1)
    house.advance(120)
    assert told(house, AlertCode.LATE_FILLS_BOOKED) == [f"{LABEL}: 0 filled in the books, 1 at the venue"]


@pytest.mark.raises_alert(AlertCode.RECOVERY_FAILED, AlertCode.RECOVERY_DONE)
def test_a_recovery_that_fails_is_told_and_so_is_its_end(house: TradingHouse) -> None:
    house.enter(2)
    house.venue.alien[SHORT] = 1
    house.restart_execution()
    assert told(house, AlertCode.RECOVERY_FAILED)
    house.venue.alien.clear()
    house.advance(120)
    assert len(told(house, AlertCode.RECOVERY_DONE)) == 1
