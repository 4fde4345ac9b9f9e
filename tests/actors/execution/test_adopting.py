"""Orders of ours that only the venue knows, because the books were restored from an earlier backup: they are
taken over where nobody else can have sent them, and nothing is sent a second time."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert
from core.messages.audit import AuditKind
from core.messages.kill_switch import ArmKillSwitch
from core.messages.room_status import RecoveryReport
from core.messages.state import RecordEdit, RecordInstruction
from core.orders.books import InstructionKind
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState, PositionState
from tests.fakes.trading import EXPIRATION, TradingHouse

ID = "p-entry-1"
OLD_TAG = "abcdef"


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    return TradingHouse(tmp_path)


@pytest.fixture
def open_house(house: TradingHouse) -> TradingHouse:
    house.enter(2)
    return house


def report(house: TradingHouse) -> RecoveryReport:
    return house.told("decision", RecoveryReport)[-1]


def is_armed(house: TradingHouse) -> bool:
    return bool(house.told("kill_switch", ArmKillSwitch))


def exits(house: TradingHouse) -> list[str]:
    """The labels of the exits that were sent, in order."""
    return [placed.label for placed in house.venue.placed() if ":x" in placed.label]


def restore(
    house: TradingHouse, kept: dict[str, object], *, restored: bool = True, is_stopped: bool = False
) -> None:
    """The engine stops, its backup is put back, and it starts again an hour later."""
    if not is_stopped:
        house.stop("execution")
    house.advance(3600)
    house.books.put_back(kept, restored=restored)
    house.log.clear()
    house.start_execution()
    house.run()


@pytest.mark.raises_alert(AlertCode.ORDER_ADOPTED)
def test_an_exit_that_was_filled_after_the_backup_is_booked_and_nothing_is_armed(
    open_house: TradingHouse,
) -> None:
    house = open_house
    kept = house.books.kept()
    house.venue.fill_next.append(2)
    house.close(ID)
    (label,) = exits(house)
    restore(house, kept)
    assert report(house).ok
    assert not is_armed(house)
    assert house.books.state_of(ID) is PositionState.CLOSED
    assert house.books.orders[label].state is OrderState.FILLED
    assert house.books.positions[ID].exit_rule is ExitRule.ADOPTED
    assert exits(house) == [label]
    (record,) = house.told("state", RecordInstruction)
    (event,) = record.audit
    assert (event.kind, event.detail["what"]) == (AuditKind.ADOPTED, "an order of before the restore")
    assert "order_adopted" in [alert.code for alert in house.told("alerting", RaiseAlert)]
    assert any(text.startswith(f"adopted:{label}") for text in report(house).differences)


def test_a_second_recovery_takes_nothing_over_again(open_house: TradingHouse) -> None:
    house = open_house
    kept = house.books.kept()
    house.venue.fill_next.append(2)
    house.close(ID)
    restore(house, kept)
    house.log.clear()
    house.restart_execution()
    assert report(house).ok
    assert house.told("state", RecordInstruction) == []


def test_the_rest_of_an_exit_that_was_filled_in_part_is_closed_by_one_more_order(
    open_house: TradingHouse,
) -> None:
    house = open_house
    kept = house.books.kept()
    house.venue.fill_next.append(1)
    house.close(ID)
    (label,) = exits(house)
    house.stop("mcp.orders")
    house.venue._change(house.venue.order(label), state="cancelled")
    house.start_orders()
    house.venue.fill_next.append(1)
    restore(house, kept)
    assert report(house).ok
    assert not is_armed(house)
    assert house.books.state_of(ID) is PositionState.CLOSED
    assert exits(house)[0] == label
    assert len(exits(house)) == 2
    assert house.venue.placed()[-1].amount == 1
    assert house.venue.sizes() == {}


def test_an_exit_that_still_rests_is_followed_and_no_second_one_is_sent(open_house: TradingHouse) -> None:
    house = open_house
    kept = house.books.kept()
    house.close(ID)
    (label,) = exits(house)
    restore(house, kept)
    assert report(house).ok
    assert house.books.orders[label].state is OrderState.WORKING
    house.advance(300)
    assert exits(house) == [label]
    assert len(house.told("state", RecordEdit)) >= 1
    house.venue.fill(label, 2)
    house.advance(300)
    assert house.books.state_of(ID) is PositionState.CLOSED
    assert exits(house) == [label]
    assert not is_armed(house)


def test_what_was_left_after_an_exit_and_delivered_is_booked_too(open_house: TradingHouse) -> None:
    house = open_house
    kept = house.books.kept()
    house.venue.fill_next.append(1)
    house.close(ID)
    (label,) = exits(house)
    house.stop("execution")
    house.venue._change(house.venue.order(label), state="cancelled")
    house.advance((EXPIRATION - house.time).total_seconds() + 600)
    house.venue.settle()
    restore(house, kept, is_stopped=True)
    assert report(house).ok
    assert not is_armed(house)
    assert house.books.state_of(ID) is PositionState.CLOSED
    assert sorted(abs(size) for size in house.books.delivered.values()) == [1, 1]
    assert exits(house) == [label]


def test_an_entry_of_the_books_that_was_repriced_and_filled_after_the_backup_is_no_dispute(
    house: TradingHouse,
) -> None:
    house.place(house.propose(2))
    label = f"{ID}:{OLD_TAG}:e1"
    kept = house.books.kept()
    house.advance(70)
    assert len(house.books.edits) == 1
    house.venue.fill(label, 2)
    restore(house, kept)
    assert report(house).ok
    assert not is_armed(house)
    assert house.books.positions[ID].contracts == 2
    (edit,) = house.told("state", RecordEdit)
    assert edit.limit_eth == house.venue.order(label).price
    assert [event.kind for event in edit.audit] == [AuditKind.ADOPTED]


def test_an_entry_below_its_floor_stays_a_dispute(house: TradingHouse) -> None:
    house.place(house.propose(2))
    label = f"{ID}:{OLD_TAG}:e1"
    kept = house.books.kept()
    house.stop("execution")
    floor = house.books.positions[ID].plan.floor_eth
    house.venue._change(house.venue.order(label), price=floor - Decimal("0.0001"))
    restore(house, kept, is_stopped=True)
    assert is_armed(house)


def test_the_entry_of_a_proposal_and_the_exit_after_it_are_taken_over(house: TradingHouse) -> None:
    """The backup was made between a proposal and its order."""
    proposal = house.propose(2)
    kept = house.books.kept()
    house.venue.fill_next.extend((2, 2))
    house.place(proposal)
    house.close(ID)
    (label,) = exits(house)
    restore(house, kept)
    assert report(house).ok
    assert not is_armed(house)
    assert house.books.state_of(ID) is PositionState.CLOSED
    assert {each.kind for each in house.books.instructions.values()} == set(InstructionKind)
    assert exits(house) == [label]


def test_an_entry_that_still_rests_is_taken_over_and_cancelled(house: TradingHouse) -> None:
    proposal = house.propose(2)
    kept = house.books.kept()
    house.place(proposal)
    restore(house, kept)
    house.advance(30)
    assert report(house).ok
    assert house.venue.order(f"{ID}:{OLD_TAG}:e1").state == "cancelled"
    assert house.books.state_of(ID) is PositionState.CANCELLED
    assert not is_armed(house)


def test_on_a_copy_of_the_folder_nothing_is_touched_that_the_first_engine_may_be_at_work_on(
    open_house: TradingHouse,
) -> None:
    """The copy looks the same but for the restore: an exit that rests belongs to the engine that sent it."""
    house = open_house
    kept = house.books.kept()
    house.close(ID)
    (label,) = exits(house)
    before = house.venue.order(label)
    restore(house, kept, restored=False)
    house.advance(300)
    assert house.venue.order(label) == before
    assert house.told("state", RecordInstruction) == []


@pytest.mark.parametrize("tag", ["zzzzzz", None], ids=["of another engine", "of before there were tags"])
def test_an_exit_under_a_tag_that_is_not_ours_is_not_taken_over(
    open_house: TradingHouse, tag: str | None
) -> None:
    house = open_house
    kept = house.books.kept()
    house.venue.fill_next.append(2)
    house.close(ID)
    (label,) = exits(house)
    theirs = label.replace(f":{OLD_TAG}", "" if tag is None else f":{tag}")
    house.venue._change(house.venue.order(label), label=theirs)
    house.venue.trades = [each.model_copy(update={"label": theirs}) for each in house.venue.trades]
    restore(house, kept)
    assert not report(house).ok
    assert is_armed(house)
    assert house.books.state_of(ID) is PositionState.OPEN


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal(3)},
        {"legs": ()},
        {"amount": Decimal("1.5"), "filled_amount": Decimal("1.5")},
    ],
    ids=["too many", "other legs", "part of a contract"],
)
def test_an_order_that_the_position_does_not_allow_is_not_taken_over(
    open_house: TradingHouse, change: dict[str, object]
) -> None:
    house = open_house
    kept = house.books.kept()
    house.venue.fill_next.append(2)
    house.close(ID)
    (label,) = exits(house)
    house.venue._change(house.venue.order(label), **{"state": "cancelled", **change})
    restore(house, kept)
    assert not report(house).ok
    assert is_armed(house)
    assert house.told("state", RecordInstruction) == []


def test_what_was_bought_beyond_the_position_is_not_taken_over_and_keeps_entries_back(
    open_house: TradingHouse,
) -> None:
    house = open_house
    kept = house.books.kept()
    house.venue.fill_next.append(2)
    house.close(ID)
    (label,) = exits(house)
    again = f"{ID}:{OLD_TAG}:x1"
    house.venue.put(again, house.venue.order(label))
    house.venue.fill(again, 2)
    restore(house, kept)
    assert report(house).ok
    assert house.books.positions[ID].contracts == 0
    assert again not in house.books.orders
    assert "others_position" in [alert.code for alert in house.told("alerting", RaiseAlert)]


def test_trades_that_are_not_listed_yet_are_waited_for_without_arming(open_house: TradingHouse) -> None:
    house = open_house
    kept = house.books.kept()
    house.venue.fill_next.append(2)
    house.close(ID)
    late = [trade for trade in house.venue.trades if ":x" in trade.label]
    everything = list(house.venue.trades)
    house.stop("execution")
    house.venue.trades = [trade for trade in everything if trade not in late]
    for trade in late:
        sign = 1 if trade.side == "buy" else -1
        house.venue.alien[trade.instrument_name] = sign * int(trade.amount)
    restore(house, kept, is_stopped=True)
    assert not report(house).ok
    assert "trades can't be read" in str(report(house).error)
    assert not is_armed(house)
    house.venue.trades, house.venue.alien = everything, {}
    house.advance(61)
    assert report(house).ok
    assert house.books.state_of(ID) is PositionState.CLOSED
    assert not is_armed(house)


def test_two_orders_under_one_label_are_left_to_a_person(open_house: TradingHouse) -> None:
    house = open_house
    kept = house.books.kept()
    house.venue.fill_next.append(2)
    house.close(ID)
    (label,) = exits(house)
    house.venue.put(label, house.venue.order(label), state="cancelled")
    restore(house, kept)
    assert is_armed(house)
    assert house.told("state", RecordInstruction) == []


@pytest.mark.parametrize("rests", [True, False], ids=["resting", "filled"])
def test_on_a_copy_the_entry_of_the_first_engine_is_not_taken_over(house: TradingHouse, rests: bool) -> None:
    """Both engines would close it."""
    proposal = house.propose(2)
    kept = house.books.kept()
    if not rests:
        house.venue.fill_next.append(2)
    house.place(proposal)
    before = house.venue.order(f"{ID}:{OLD_TAG}:e1")
    restore(house, kept, restored=False)
    assert house.told("state", RecordInstruction) == []
    assert house.venue.order(before.label) == before
    assert {"others_order", "size"} & {each.code for each in house.told("alerting", RaiseAlert)}


@pytest.mark.parametrize("closed", [1, 2], ids=["in part", "whole"])
def test_on_a_copy_an_exit_of_the_first_engine_is_booked_only_if_nothing_is_left(
    open_house: TradingHouse, closed: int
) -> None:
    """What is left the first engine closes; two engines would."""
    house = open_house
    kept = house.books.kept()
    house.venue.fill_next.append(closed)
    house.close(ID)
    (label,) = exits(house)
    if closed < 2:
        house.stop("mcp.orders")
        house.venue._change(house.venue.order(label), state="cancelled")
        house.start_orders()
    restore(house, kept, restored=False)
    house.advance(300)
    assert exits(house) == [label]
    assert len(house.told("state", RecordInstruction)) == (1 if closed == 2 else 0)
    assert is_armed(house) is (closed < 2)
