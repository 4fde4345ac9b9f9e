"""The way of an entry, through the real kill switch and MCP actors, against the fake venue."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.http import Response
from actors.runtime import AskTimeout
from core.contract import iso_utc
from core.messages.arm_cause import ArmCause
from core.messages.execution import CancelEntries, EntriesCancelled, FinalOutcome
from core.messages.kill_switch import ArmKillSwitch, DisarmKillSwitch, KillSwitchArmed, SuspendEntries
from core.messages.mcp import EditOrder
from core.messages.room_status import (
    RecoveryReport,
)
from core.messages.state import GetBooks, RecordInstruction, RecordSent
from core.orders.lifecycle import OrderState, PositionState
from tests.fakes.trading import TradingHouse

LABEL = "p-entry-1:abcdef:e1"


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    return TradingHouse(tmp_path)


def test_recovery_of_empty_books_is_reported_ok(house: TradingHouse) -> None:
    """Nothing in the books, nothing at the venue: ready at the first attempt."""
    (report,) = house.told("decision", RecoveryReport)
    assert isinstance(report, RecoveryReport)
    assert report.ok
    assert report.attempts == 1


def test_entry_that_fills_at_once_opens_the_position(house: TradingHouse) -> None:
    house.enter(2)
    (final,) = house.finals()
    assert final.outcome is FinalOutcome.FILLED
    assert final.contracts_filled == 2
    position = house.books.positions["p-entry-1"]
    assert position.state is PositionState.OPEN
    assert position.contracts == 2
    assert house.books.orders[LABEL].state is OrderState.FILLED


def test_no_order_is_sent_before_its_instruction_is_recorded(tmp_path: Path) -> None:
    """State does not answer: the order stays unsent, however long."""
    house = TradingHouse(tmp_path)
    proposal = house.propose()
    house.books.silent = {RecordInstruction}
    house.place(proposal)
    house.advance(600)
    assert house.venue.named("place_combo_order") == []


def test_send_is_recorded_before_it_begins(tmp_path: Path) -> None:
    """Without the record of `sent` nothing leaves: an intended order was surely never sent."""
    house = TradingHouse(tmp_path)
    proposal = house.propose()
    house.books.silent = {RecordSent}
    house.place(proposal)
    house.advance(600)
    assert house.venue.named("place_combo_order") == []


def test_instruction_is_told_again_until_recorded(house: TradingHouse) -> None:
    proposal = house.propose()
    house.books.silent = {RecordInstruction}
    house.place(proposal)
    house.advance(11)
    told = house.told("state", RecordInstruction)
    assert len(told) == 3
    assert len({message.request_id for message in told}) == 1


def test_permit_that_expires_while_recording_makes_a_new_label(house: TradingHouse) -> None:
    """The commit took longer than the permit lives: the label ends unplaced and the next one is tried."""
    proposal = house.propose()
    house.venue.fill_next.append(2)
    house.books.silent = {RecordInstruction}
    house.place(proposal)
    house.books.silent = set()
    house.advance(5)
    assert house.books.orders[LABEL].state is OrderState.NOT_PLACED
    assert house.books.orders["p-entry-1:abcdef:e2"].state is OrderState.FILLED
    assert [request["label"] for request in house.venue.named("place_combo_order")] == ["p-entry-1:abcdef:e2"]
    assert house.books.positions["p-entry-1"].state is PositionState.OPEN


def test_valid_until_is_the_permits_expiry(house: TradingHouse) -> None:
    house.enter()
    (request,) = house.venue.named("place_combo_order")
    permitted = house.time + timedelta(seconds=house.strategy.execution.permit_lifetime_s)
    assert request["valid_until"] == iso_utc(permitted)


def test_vetoed_entry_cancels_the_proposal_and_sends_nothing(house: TradingHouse) -> None:
    proposal = house.propose()
    house.tell("kill_switch", SuspendEntries(source="test", reason="why"))
    house.place(proposal)
    (final,) = house.finals()
    assert final.outcome is FinalOutcome.VETOED
    assert "suspended:test" in final.reasons
    assert house.venue.named("place_combo_order") == []
    assert house.books.positions["p-entry-1"].state is PositionState.CANCELLED


def test_silent_kill_switch_is_a_veto(house: TradingHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail closed: no answer to the ask, no order."""
    proposal = house.propose()
    monkeypatch.setattr(house.contexts["execution"], "ask", _no_answer)
    house.place(proposal)
    (final,) = house.finals()
    assert final.outcome is FinalOutcome.VETOED
    assert final.reasons == ("kill_switch_silent:AskTimeout",)


def _no_answer(question: object, *, timeout_s: float) -> object:
    raise AskTimeout("no answer")


def test_resting_entry_is_repriced_step_by_step_to_its_floor_then_cancelled(house: TradingHouse) -> None:
    proposal = house.propose()
    house.place(proposal)
    house.advance(930)
    prices = [Decimal(str(request["price"])) for request in house.venue.named("edit_order")]
    assert prices == sorted(prices, reverse=True)
    assert prices[0] == Decimal("0.0097")
    assert prices[-1] == Decimal("0.0080")
    (final,) = house.finals()
    assert final.outcome is FinalOutcome.NOT_FILLED
    assert final.reasons == ("fill_timeout",)
    assert house.venue.order(LABEL).state == "cancelled"
    assert house.books.positions["p-entry-1"].state is PositionState.CANCELLED


def test_every_edit_has_a_permit_of_its_own(house: TradingHouse) -> None:
    house.place(house.propose())
    house.advance(200)
    edits = house.told("mcp.orders", EditOrder)
    assert len({edit.permit.permit_id for edit in edits}) == len(edits) == 3


def test_before_each_new_price_the_gate_is_told_books_of_now(house: TradingHouse) -> None:
    """By who asks state for them."""
    house.place(house.propose())
    asked = len(house.told("state", GetBooks))
    house.advance(200)
    assert len(house.told("state", GetBooks)) - asked >= len(house.told("mcp.orders", EditOrder)) == 3


def test_partial_fill_is_a_position_of_what_was_filled(house: TradingHouse) -> None:
    house.place(house.propose(3))
    house.venue.fill(LABEL, 1)
    house.advance(930)
    (final,) = house.finals()
    assert final.outcome is FinalOutcome.PARTLY_FILLED
    assert final.contracts_filled == 1
    assert house.books.positions["p-entry-1"].contracts == 1
    assert house.books.positions["p-entry-1"].state is PositionState.OPEN


def test_fill_that_crosses_the_cancel_counts(house: TradingHouse) -> None:
    house.place(house.propose(2))
    house.venue.fill_on_cancel = 2
    house.advance(930)
    (final,) = house.finals()
    assert final.outcome is FinalOutcome.FILLED
    assert house.books.positions["p-entry-1"].contracts == 2


def test_fill_just_after_the_cancel_was_answered_counts(house: TradingHouse) -> None:
    """The order is read once more, a moment later, before it is taken as final."""
    house.place(house.propose(2))
    house.advance(901)
    assert house.venue.order(LABEL).state == "cancelled"
    assert house.finals() == []
    house.venue.fill(LABEL, 1)
    house.advance(5)
    assert house.finals()[0].outcome is FinalOutcome.PARTLY_FILLED


def test_arming_cancels_the_resting_entry_now(house: TradingHouse) -> None:
    """A person who stops the engine does not wait for the order's next step."""
    house.place(house.propose())
    house.advance(5)
    house.tell("kill_switch", ArmKillSwitch(reason="stop"))
    assert house.venue.order(LABEL).state == "cancelled"
    house.advance(3)
    assert house.finals()[0].reasons == ("armed",)
    assert house.books.positions["p-entry-1"].state is PositionState.CANCELLED
    assert house.venue.named("edit_order") == []


def test_arming_is_acknowledged_before_the_cancel_is(house: TradingHouse) -> None:
    house.place(house.propose())
    house.advance(5)
    answer = house.ask("kill_switch", ArmKillSwitch(reason="stop"))
    assert isinstance(answer, KillSwitchArmed)
    assert house.venue.order(LABEL).state == "open"


def test_arming_between_a_placement_and_its_answer_cancels_what_was_placed(
    house: TradingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm_within(house, "place_combo_order", monkeypatch)
    house.place(house.propose())
    assert house.venue.order(LABEL).state == "cancelled"
    house.advance(3)
    assert house.finals()[0].reasons == ("armed",)


def test_arming_within_an_edit_cancels_what_was_edited(
    house: TradingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm_within(house, "edit_order", monkeypatch)
    house.place(house.propose())
    house.advance(61)
    assert house.venue.order(LABEL).state == "cancelled"


def arm_within(house: TradingHouse, tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the venue serves the tool, a person arms."""
    served = house.venue.send

    def send(method: str, path: str, *rest: Any) -> Response:
        if path.endswith(tool):
            house.ask("kill_switch", ArmKillSwitch(reason="stop"))
        return served(method, path, *rest)

    monkeypatch.setattr(house.venue, "send", send)


def test_arming_while_execution_is_down_cancels_the_resting_entry_when_it_recovers(
    house: TradingHouse,
) -> None:
    house.place(house.propose())
    house.stop("execution")
    house.tell("kill_switch", ArmKillSwitch(reason="stop"))
    assert house.venue.order(LABEL).state == "open"
    house.start_execution()
    house.run()
    assert house.venue.order(LABEL).state == "cancelled"


def test_a_kill_file_laid_by_hand_cancels_also_the_entry_that_rests_at_its_floor(house: TradingHouse) -> None:
    """There no permit is asked for any more, by which the file would be seen."""
    house.place(house.propose())
    house.advance(600)
    assert house.venue.order(LABEL).price == Decimal("0.0080")
    (house.data_dir / "KILL").touch()
    house.advance(65)
    assert house.venue.order(LABEL).state == "cancelled"


def test_an_entry_after_a_disarming_rests_undisturbed(house: TradingHouse) -> None:
    house.place(house.propose())
    house.tell("kill_switch", ArmKillSwitch(reason="stop"))
    house.advance(10)
    house.tell("kill_switch", DisarmKillSwitch(reason="fine"))
    house.place(house.propose(name="p-entry-2"))
    house.advance(10)
    assert house.venue.order("p-entry-2:abcdef:e1").state == "open"


@pytest.mark.parametrize("status", [401, 404, 422, 429])
def test_definite_refusal_means_not_placed(house: TradingHouse, status: int) -> None:
    proposal = house.propose()
    house.venue.faults["place_combo_order"].append(status)
    house.place(proposal)
    (final,) = house.finals()
    assert final.outcome is FinalOutcome.REFUSED
    assert house.books.orders[LABEL].state is OrderState.REJECTED
    assert house.told("kill_switch", SuspendEntries) == []


def test_repeated_request_places_nothing_a_second_time(house: TradingHouse) -> None:
    proposal = house.propose()
    house.venue.fill_next.append(2)
    house.place(proposal)
    house.place(proposal)
    first, second = house.finals()
    assert second.outcome is FinalOutcome.FILLED
    assert first.request_id == second.request_id
    assert len(house.venue.named("place_combo_order")) == 1


def test_entry_is_refused_while_recovering(tmp_path: Path) -> None:
    house = TradingHouse(tmp_path)
    house.venue.down = True
    house.restart_execution()
    house.place(house.propose())
    assert house.finals()[-1].outcome is FinalOutcome.RECOVERING


def test_orderly_stop_cancels_resting_entries_and_confirms(house: TradingHouse) -> None:
    house.place(house.propose())
    house.tell("execution", CancelEntries(), sender="control")
    house.advance(4)
    (answer,) = house.told("control", EntriesCancelled)
    assert answer == EntriesCancelled(cancelled=1, unconfirmed=0)
    assert house.venue.order(LABEL).state == "cancelled"


def test_wrong_environment_arms_and_places_nothing(house: TradingHouse) -> None:
    proposal = house.propose()
    house.venue.environment = "testnet"
    house.place(proposal)
    assert house.venue.named("place_combo_order") == []
    assert any(arm.cause is ArmCause.ENVIRONMENT for arm in house.told("kill_switch", ArmKillSwitch))


def test_venue_clock_a_second_off_means_no_permit(house: TradingHouse) -> None:
    proposal = house.propose()
    house.venue.clock_ahead_s = 1.5
    house.place(proposal)
    assert "venue_clock_off" in house.finals()[0].reasons


@pytest.mark.parametrize("back_s", [30.0, 600.0])
def test_an_entry_rests_no_longer_if_the_clock_is_set_back_meanwhile(
    house: TradingHouse, back_s: float
) -> None:
    house.place(house.propose())
    house.advance(100)
    house.set_clock(-back_s)
    house.advance(house.strategy.execution.fill_timeout_s - 100 + 10)
    assert house.venue.order(LABEL).state == "cancelled"
    (final,) = house.finals()
    assert final.reasons == ("fill_timeout",)
