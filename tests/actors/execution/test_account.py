"""An account that is not ours alone: other engines, strays of our own, and what nobody here has heard of."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.alerts import AlertCode
from core.contract import Order, OrderLeg, PlaceComboOrder
from core.messages.alerting import RaiseAlert
from core.messages.execution import FinalOutcome
from core.messages.kill_switch import ArmKillSwitch, ClearSuspension, SuspendEntries
from core.messages.mcp import CancelOrder
from core.messages.room_status import RecoveryReport
from core.orders.lifecycle import PositionState
from tests.fakes.books import TAG
from tests.fakes.trading import LONG, SHORT, TradingHouse, plan

LABEL = f"p-entry-1:{TAG}:e1"
THEIRS = "p-entry-1:zzzzzz:e1"
OWN_STRAY = f"p-entry-9:{TAG}:e1"
ELSEWHERE = "ETH-16JAN26-3200-C"
PERPETUAL = {"instrument_name": "ETH-PERPETUAL", "size": 1.5, "direction": "zero", "kind": "future"}
FRACTION = {
    "instrument_name": "ETH-30JAN26-2500-P",
    "size": "0.5",
    "average_price": "0",
    "mark_price": "0",
    "floating_pnl": "0",
    "delta": 0.0,
    "gamma": 0.0,
    "theta": 0.0,
    "vega": 0.0,
}


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    return TradingHouse(tmp_path)


def combo() -> PlaceComboOrder:
    """An entry like ours."""
    return PlaceComboOrder.model_validate(
        {
            "legs": [{"instrument_name": leg.instrument_name, "side": leg.side.value} for leg in plan().legs],
            "amount": "2",
            "side": "sell",
            "price": "0.0100",
            "label": "x",
        }
    )


def elsewhere() -> PlaceComboOrder:
    """An entry in instruments of no plan of ours."""
    short, long = combo().legs
    legs = (
        short.model_copy(update={"instrument_name": ELSEWHERE}),
        long.model_copy(update={"instrument_name": "ETH-16JAN26-3400-C"}),
    )
    return combo().model_copy(update={"legs": legs})


def codes(house: TradingHouse) -> list[str]:
    return [alert.code for alert in house.told("alerting", RaiseAlert)]


def suspended_by(house: TradingHouse) -> set[str]:
    """The suspensions that stand after all that was told."""
    sources: set[str] = set()
    for name, message in house.log:
        if name == "kill_switch" and isinstance(message, SuspendEntries):
            sources.add(message.source)
        elif name == "kill_switch" and isinstance(message, ClearSuspension):
            sources.discard(message.source)
    return sources


def recovered(house: TradingHouse) -> bool:
    house.restart_execution()
    house.advance(10)
    return house.told("decision", RecoveryReport)[-1].ok


def armed(house: TradingHouse) -> list[ArmKillSwitch]:
    return house.told("kill_switch", ArmKillSwitch)


def they_hold(house: TradingHouse, like: PlaceComboOrder, label: str = THEIRS) -> None:
    """Another engine's entry has filled."""
    house.venue.put(label, like)
    house.venue.fill(label, 2)


# What is foreign


@pytest.mark.raises_alert(AlertCode.FOREIGN_POSITION)
def test_a_foreign_position_is_named_once_and_keeps_nothing_back(house: TradingHouse) -> None:
    house.venue.alien[ELSEWHERE] = -3
    assert recovered(house)
    house.enter()
    assert house.finals()[-1].outcome is FinalOutcome.FILLED
    assert codes(house).count("foreign_position") == 1
    assert armed(house) == []
    assert "account" not in suspended_by(house)


def test_a_foreign_position_in_parts_of_contracts_is_named_and_ends_nothing(house: TradingHouse) -> None:
    house.venue.strange["get_positions"].append(FRACTION)
    assert recovered(house)
    house.enter()
    house.advance(61)
    assert house.finals()[-1].outcome is FinalOutcome.FILLED
    (told,) = [a.text for a in house.told("alerting", RaiseAlert) if a.code == "foreign_position"]
    assert "ETH-30JAN26-2500-P" in told
    assert "0.5" in told
    assert armed(house) == []


@pytest.mark.parametrize(
    ("tool", "row"),
    [
        ("get_positions", PERPETUAL),
        ("get_open_orders", {"label": "", "order_id": "T1", "order_type": "trailing_stop"}),
        ("get_order_history", {"label": "", "order_id": "T2", "direction": "zero"}),
        ("get_user_trades", {"label": "", "instrument_name": "ETH-PERPETUAL", "side": "liquidation"}),
        ("get_settlements", {"instrument_name": "ETH-PERPETUAL", "type": "bankruptcy"}),
        ("get_open_orders", {"instrument_name": "BTC_USDC-PERPETUAL", "order_state": "untriggered"}),
    ],
)
def test_a_row_of_an_unknown_kind_spoils_nothing(
    house: TradingHouse, tool: str, row: dict[str, object]
) -> None:
    house.venue.strange[tool].append(row)
    assert recovered(house)
    house.enter()
    house.advance(61)
    assert house.finals()[-1].outcome is FinalOutcome.FILLED
    assert armed(house) == []


@pytest.mark.raises_alert(AlertCode.FOREIGN_ORDER)
def test_an_order_that_somebody_placed_by_hand_is_named_and_left_alone(house: TradingHouse) -> None:
    house.venue.put("by hand", combo())
    assert recovered(house)
    house.enter()
    assert house.finals()[-1].outcome is FinalOutcome.FILLED
    assert "foreign_order" in codes(house)
    assert house.told("mcp.orders", CancelOrder) == []


@pytest.mark.raises_alert(AlertCode.UNREAD)
def test_a_row_of_our_own_instrument_that_can_not_be_read_keeps_entries_back(house: TradingHouse) -> None:
    house.propose()
    house.venue.strange["get_positions"].append({"instrument_name": SHORT, "size": None})
    house.place(house.propose())
    house.advance(5)
    (final,) = house.finals()
    assert final.outcome is FinalOutcome.REFUSED
    assert house.venue.named("place_combo_order") == []


# Another engine


@pytest.mark.raises_alert(AlertCode.OTHERS_POSITION)
@pytest.mark.parametrize("like", [combo(), elsewhere()], ids=["our instruments", "others"])
def test_no_entry_beside_the_position_of_another_engine(house: TradingHouse, like: PlaceComboOrder) -> None:
    """Its trades bear another tag of our form; the limit of open positions is the account's."""
    they_hold(house, like)
    house.place(house.propose())
    house.advance(5)
    assert house.finals()[-1].outcome is FinalOutcome.REFUSED
    assert house.venue.named("place_combo_order") == []
    assert armed(house) == []
    assert "account" in suspended_by(house)


@pytest.mark.parametrize("label", [THEIRS, "p-entry-7:e1"], ids=["another tag", "no tag, not in our books"])
def test_no_entry_beside_a_resting_entry_of_another_engine_which_is_left_alone(
    house: TradingHouse, label: str
) -> None:
    house.venue.put(label, elsewhere())
    house.place(house.propose())
    house.advance(5)
    assert house.finals()[-1].outcome is FinalOutcome.REFUSED
    assert recovered(house)
    assert house.venue.order(label).state == "open"
    assert "others_order" in codes(house)
    assert armed(house) == []


def test_what_another_engine_has_closed_keeps_nothing_back(house: TradingHouse) -> None:
    """A foreign position in an instrument that it once traded is still foreign."""
    they_hold(house, elsewhere())
    closing = elsewhere()
    reverse = {"buy": "sell", "sell": "buy"}
    legs = tuple(leg.model_copy(update={"side": reverse[leg.side]}) for leg in closing.legs)
    they_hold(house, closing.model_copy(update={"legs": legs}), "p-entry-1:zzzzzz:x5")
    house.venue.alien[ELSEWHERE] = 1
    house.enter()
    assert house.finals()[-1].outcome is FinalOutcome.FILLED


def test_entries_go_on_by_themselves_when_the_other_engine_is_gone(house: TradingHouse) -> None:
    theirs = house.venue.put(THEIRS, elsewhere())
    house.place(house.propose())
    house.advance(200)
    house.venue.orders[theirs.order_id] = theirs.model_copy(update={"state": "cancelled"})
    house.advance(130)
    assert "account" not in suspended_by(house)
    house.venue.fill_next.append(2)
    house.place(house.propose(name="p-entry-2"))
    assert house.finals()[-1].outcome is FinalOutcome.FILLED


def test_more_than_the_books_in_a_live_plan_keeps_entries_back_and_leaves_exits_alone(
    house: TradingHouse,
) -> None:
    house.enter(2)
    they_hold(house, combo(), "p-entry-7:zzzzzz:e1")
    house.advance(130)
    assert armed(house) == []
    assert "account" in suspended_by(house)
    house.venue.fill_next.append(2)
    house.close("p-entry-1")
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


@pytest.mark.raises_alert(AlertCode.SIZE)
def test_less_than_the_books_in_a_live_plan_arms_before_an_order(house: TradingHouse) -> None:
    house.enter(2)
    house.venue.alien[SHORT] = 1
    house.place(house.propose(name="p-entry-2"))
    house.advance(5)
    assert house.finals()[-1].outcome is FinalOutcome.REFUSED
    assert f"size:{SHORT}: books -2, venue -1" in armed(house)[0].reason


def test_a_fill_that_is_not_booked_yet_is_no_difference(house: TradingHouse) -> None:
    """A resting order of ours explains every size between the booked one and that after its fill."""
    house.enter(2)
    house.close("p-entry-1")
    (label,) = [label for label in house.books.orders if ":x" in label]
    house.venue.fill(label, 1)
    house.place(house.propose(name="p-entry-2"))
    assert f"p-entry-2:{TAG}:e1" not in house.books.orders  # The limit of open positions forbids it,
    assert "max_open_positions" in house.finals()[-1].reasons  # and not what was found in the account.


# Strays of our own


def test_a_stray_entry_under_our_own_tag_is_cancelled_and_entries_go_on(house: TradingHouse) -> None:
    house.venue.put(OWN_STRAY, combo())
    house.place(house.propose())
    house.advance(10)
    assert house.venue.order(OWN_STRAY).state == "cancelled"
    assert "stray_order" in codes(house)
    assert armed(house) == []
    house.venue.fill_next.append(2)
    house.place(house.propose(name="p-entry-2"))
    house.advance(70)
    assert house.books.positions["p-entry-2"].state is PositionState.OPEN


@pytest.mark.raises_alert(AlertCode.STRAY_ORDER)
def test_a_stray_entry_is_cancelled_by_a_recovery_which_says_so(house: TradingHouse) -> None:
    house.venue.put(OWN_STRAY, combo())
    assert recovered(house)
    assert house.venue.order(OWN_STRAY).state == "cancelled"
    assert "stray_order" in codes(house)


def test_a_stray_exit_under_our_own_tag_is_named_and_left_alone(house: TradingHouse) -> None:
    house.venue.put(f"p-entry-9:{TAG}:x7", combo())
    assert recovered(house)
    assert house.venue.order(f"p-entry-9:{TAG}:x7").state == "open"
    assert "stray_order" in codes(house)


def test_a_stray_entry_of_before_there_were_tags_is_ours_if_our_books_know_it(house: TradingHouse) -> None:
    """It is cancelled; under the same label another engine's would be left alone."""
    house.books.tag = ""
    house.enter(2)
    instruction = house.books.instructions.popitem()[1]
    old = instruction.model_copy(update={"label": "p-entry-1:e1"})
    row = house.books.orders.popitem()[1]
    house.books.instructions[old.label] = old
    house.books.orders[old.label] = row.model_copy(update={"label": old.label})
    house.venue.put(old.label, elsewhere())
    house.books.tag = TAG
    assert recovered(house)
    assert house.venue.orders[max(house.venue.orders)].state == "cancelled"


@pytest.mark.parametrize("tag", ["zzzzz7", "yyyyy7"])
def test_a_stray_entry_of_before_the_folder_was_copied_is_ours_if_our_books_know_it(
    house: TradingHouse, tag: str
) -> None:
    """It is cancelled; one that only the engine on the other copy knows is left alone."""
    house.books.tag = "zzzzz7"
    recovered(house)
    house.enter(2)
    label = f"p-entry-1:{tag}:e1"
    house.venue.put(label, elsewhere())
    house.books.tag = TAG
    recovered(house)
    is_ours = tag == "zzzzz7"
    assert house.venue.orders[max(house.venue.orders)].state == ("cancelled" if is_ours else "open")
    assert ("others_order" in codes(house)) is not is_ours


def leg_of(order: Order, name: str) -> OrderLeg:
    return next(leg for leg in order.legs if leg.instrument_name == name)


@pytest.mark.raises_alert(AlertCode.OTHERS_ORDER)
def test_amounts_at_the_venue_are_told_as_they_are(house: TradingHouse) -> None:
    """A person reads the alert: label, size and legs of what was found."""
    theirs = house.venue.put(THEIRS, combo(), amount=Decimal("2.5"))
    recovered(house)
    (text,) = {a.text for a in house.told("alerting", RaiseAlert) if a.code == "others_order"}
    assert all(part in text for part in (THEIRS, "2.5", leg_of(theirs, LONG).instrument_name, "stop the"))
