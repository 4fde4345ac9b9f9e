"""Stored snapshots, marks, and what the kill switch hears of the market."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from actors.runtime.testing import FakeAddress
from core.alerts import AlertCode
from core.contract import GetOptionsChain, IndexPrice
from core.messages.alerting import RaiseAlert, Severity
from core.messages.kill_switch import ClearSuspension, MarksChanged, SuspendEntries
from core.messages.market_data import (
    MarketSnapshotFailed,
    MarketSnapshotStored,
    TakeMarketSnapshot,
)
from core.messages.mcp import Fetch, McpFault
from core.messages.state import Recorded, RecordMarketSnapshot
from tests.actors.decision.desk import position
from tests.actors.market_data.room import HOUR, Room
from tests.core.example_market import FAR_EXPIRY, NEAR_EXPIRY, NOW


def test_the_kill_switch_hears_of_each_index_that_is_read() -> None:
    room = Room()
    room.ask_entry()
    room.answer()
    assert room.sent("kill_switch", MarksChanged) == [MarksChanged(as_of=NOW, spot_usd=3000.5)]


def test_an_index_older_than_the_last_is_not_told() -> None:
    room = Room()
    room.ask_monitor()
    room.answer()
    room.ask_monitor()
    room.answer(get_index_price=IndexPrice(price=Decimal(1), timestamp=NOW - HOUR))
    assert len(room.sent("kill_switch", MarksChanged)) == 1


def test_a_stored_snapshot_holds_the_expiries_of_5_to_25_days_and_is_told_once_on_disk() -> None:
    room = Room()
    room.due()
    room.answer()
    record = room.record()
    rows = json.loads(record.quotes)
    expiries = {name.split("-")[1] for name, *_ in rows}
    assert expiries == {"23JAN26", "30JAN26"}
    assert (record.spot_usd, record.dvol, record.funding) == (3000.5, 65.0, 0.0876)
    assert all(len(row) == 8 for row in rows)
    assert room.sent("decision", MarketSnapshotStored) == []
    room.tell(Recorded(request_id=record.request_id))
    (stored,) = room.sent("decision", MarketSnapshotStored)
    assert (stored.slot, stored.quotes) == (NOW, len(rows))


def test_a_stored_snapshot_holds_the_open_legs_however_near_they_expire() -> None:
    room = Room()
    near = position()
    legs = tuple(leg.model_copy(update={"expiration": NEAR_EXPIRY}) for leg in near.plan.legs)
    plan = near.plan.model_copy(update={"legs": legs, "expiration": NEAR_EXPIRY})
    room.positions = (near.model_copy(update={"plan": plan}),)
    room.due()
    room.answer()
    chain = room.sent("mcp.deribit", Fetch)[-1].request
    assert isinstance(chain, GetOptionsChain)
    assert chain.expiry_from == NEAR_EXPIRY
    assert chain.expiry_to is not None
    assert chain.expiry_to >= FAR_EXPIRY
    assert any("16JAN26" in row[0] for row in json.loads(room.record().quotes))


def test_open_legs_are_marked_for_the_view() -> None:
    room = Room()
    room.positions = (position(),)
    room.due()
    room.answer()
    marks = room.marks()
    assert {mark.instrument_name for mark in marks.legs} == {
        leg.instrument_name for leg in room.positions[0].plan.legs
    }
    assert marks.spot_usd == 3000.5
    room.positions = ()
    room.due(NOW + HOUR)
    room.answer()
    assert room.marks().legs == ()


def test_a_stored_snapshot_without_funding_says_so_and_is_stored() -> None:
    room = Room()
    room.due()
    room.answer(fail={"get_funding_rate": McpFault.SERVER})
    assert room.record().funding is None


def test_the_account_is_seen_by_whatever_reads_it() -> None:
    """An engine may decide an entry long before its first stored snapshot is due."""
    room = Room()
    room.ask_entry()
    room.answer()
    seen = room.marks().account
    assert seen is not None
    assert (seen.at, seen.equity_eth) == (NOW, Decimal("10.5"))


def test_the_account_is_seen_with_each_stored_snapshot_and_its_lack_costs_none() -> None:
    room = Room()
    assert room.marks().account is None
    room.due()
    room.answer()
    seen = room.marks().account
    assert seen is not None
    assert (seen.at, seen.equity_eth, seen.balance_eth) == (NOW, Decimal("10.5"), Decimal(10))
    assert seen.maintenance_margin_eth == Decimal("0.4")
    room.due(NOW + HOUR)
    room.answer(fail={"get_account_summary": McpFault.SERVER})
    assert room.marks().account == seen, "what was seen last keeps its own time"
    assert room.marks().stale_reason is None
    assert len(room.sent("state", RecordMarketSnapshot)) == 2


def test_the_spot_of_four_hours_ago_is_by_our_own_snapshots() -> None:
    room = Room()
    room.due()
    room.answer()
    assert room.marks().spot_4h_ago_usd is None
    room.ctx.advance(4 * 3600.0)
    assert room.marks().spot_4h_ago_usd == 3000.5


@pytest.mark.raises_alert(AlertCode.MARKET_DATA_BACK)
def test_one_failed_snapshot_is_noise_and_two_in_a_row_suspend_until_the_next_good_one() -> None:
    room = Room()
    room.due()
    room.answer(fail={"get_dvol": McpFault.SERVER})
    assert room.sent("kill_switch", SuspendEntries) == []
    room.due(NOW + HOUR)
    room.answer(fail={"get_dvol": McpFault.SERVER})
    assert [each.source for each in room.sent("kill_switch", SuspendEntries)] == ["market_data"]
    assert [alert.severity for alert in room.sent("alerting", RaiseAlert)] == [Severity.LOW, Severity.HIGH]
    room.due(NOW + 2 * HOUR)
    room.answer()
    assert [each.source for each in room.sent("kill_switch", ClearSuspension)] == ["market_data"]


@pytest.mark.raises_alert(AlertCode.MARKET_DATA_LOST)
def test_a_stale_index_suspends_at_once() -> None:
    room = Room()
    room.due()
    room.answer(get_index_price=IndexPrice(price=Decimal(3000), timestamp=NOW - HOUR))
    assert len(room.sent("kill_switch", SuspendEntries)) == 1
    assert room.marks().stale_reason is not None


def test_the_first_good_snapshot_clears_what_an_earlier_incarnation_suspended_and_only_the_first() -> None:
    room = Room()
    for n in range(3):
        room.due(NOW + n * HOUR)
        room.answer()
    assert len(room.sent("kill_switch", ClearSuspension)) == 1


def test_a_snapshot_asked_for_by_a_person_is_answered_once_it_is_on_disk() -> None:
    room, person = Room(), FakeAddress("control")
    room.tell(TakeMarketSnapshot(request_id="inject-1", slot=NOW), sender=person)
    room.answer()
    assert room.ctx.told_to(person) == []
    room.tell(Recorded(request_id=room.record().request_id))
    assert [type(each) for each in room.ctx.told_to(person)] == [MarketSnapshotStored]


def test_a_snapshot_asked_for_by_a_person_that_fails_says_why() -> None:
    room, person = Room(), FakeAddress("control")
    room.tell(TakeMarketSnapshot(request_id="inject-1", slot=NOW), sender=person)
    room.answer(fail={"get_dvol": McpFault.SERVER})
    (failed,) = room.ctx.told_to(person)
    assert isinstance(failed, MarketSnapshotFailed)
    assert failed.reasons == ("deribit.get_dvol:server",)


def test_a_persons_snapshot_is_recorded_under_another_id_than_the_command_that_asked_for_it() -> None:
    """State has recorded the command under its id, and would give that answer without storing anything."""
    room, person = Room(), FakeAddress("control")
    room.tell(TakeMarketSnapshot(request_id="inject-1", slot=NOW), sender=person)
    room.answer()
    assert room.record().request_id != "inject-1"


def test_a_snapshot_asked_for_again_while_it_is_read_is_read_once_and_keeps_its_slot() -> None:
    room, person = Room(), FakeAddress("control")
    asked_at = NOW.replace(microsecond=5)
    for _ in range(2):
        room.tell(TakeMarketSnapshot(request_id="inject-1", slot=asked_at), sender=person)
    room.answer()
    room.tell(Recorded(request_id=room.record().request_id))
    (stored,) = room.ctx.told_to(person)
    assert isinstance(stored, MarketSnapshotStored)
    assert stored.slot == asked_at


def test_the_scheduler_is_not_answered() -> None:
    room = Room()
    room.due()
    room.answer()
    room.tell(Recorded(request_id=room.record().request_id))
    assert room.ctx.told_to("scheduler") == []


@pytest.mark.raises_alert(AlertCode.MARKET_SNAPSHOT_FAILED)
def test_books_that_are_not_read_fail_the_stored_snapshot() -> None:
    room = Room()
    room.due()
    room.answer(but=("get_books",))
    room.pass_time(60.0)
    assert room.sent("state", RecordMarketSnapshot) == []
    assert room.marks().failures == 1


def test_no_timer_is_left_when_all_is_answered() -> None:
    """A clock that jumps must find nothing to wake for between two slots."""
    room = Room()
    room.ask_entry()
    room.due()
    room.answer()
    room.tell(Recorded(request_id=room.record().request_id))
    assert room.ctx.pending_timers == []


def test_an_unknown_message_is_a_crash() -> None:
    with pytest.raises(TypeError, match="expected a message of MarketData"):
        Room().tell("hello")
