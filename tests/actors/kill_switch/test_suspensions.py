"""Suspensions of entries: what they block, who ends them, and what is told of them."""

from __future__ import annotations

import pytest

from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert, Severity
from core.messages.audit import AuditKind
from core.messages.base import Refused
from core.messages.kill_switch import STOPPING_SOURCE, ClearSuspension, GetKillSwitch, SuspendEntries
from core.messages.room_status import KillSwitchStatus
from core.messages.state import RecordEvent
from core.orders.terms import OrderPurpose
from tests.actors.kill_switch.asking import events, permit, reasons
from tests.fakes.kill_switch import SwitchHouse, request


def test_suspension_blocks_entries_not_exits_until_its_source_clears_it(house: SwitchHouse) -> None:
    house.tell("kill_switch", SuspendEntries(source="stale", reason="old data"))
    house.tell("kill_switch", ClearSuspension(source="another"))
    assert reasons(house) == ("suspended:stale",)
    house.open_position()
    permit(house, request(label="p-entry-1:x1", purpose=OrderPurpose.EXIT))
    house.tell("kill_switch", ClearSuspension(source="stale"))
    house.books.positions.clear()
    house.books.tell_facts()
    house.run()
    permit(house)


@pytest.mark.raises_alert(AlertCode.SUSPENDED)
def test_suspension_is_recorded_and_alerted_once_and_its_latest_reason_counts(house: SwitchHouse) -> None:
    for reason in ("old data", "older data"):
        house.tell("kill_switch", SuspendEntries(source="stale", reason=reason), correlation="cycle-1")
    for source in ("stale", "stale", "another"):
        house.tell("kill_switch", ClearSuspension(source=source))
        if source == "stale":
            house.tell("kill_switch", ClearSuspension(source=source))
    assert [(event.kind, event.detail, event.correlation) for event in events(house)] == [
        (AuditKind.SUSPENDED, {"source": "stale", "reason": "old data"}, "cycle-1"),
        (AuditKind.RESUMED, {"source": "stale"}, None),
    ]
    alerts = [(a.severity, a.shown_code, a.text, a.cause) for a in house.told("alerting", RaiseAlert)]
    assert alerts == [(Severity.MEDIUM, "suspended:stale", "old data", "stale")]


def test_an_orderly_stop_suspends_and_is_on_record_and_raises_no_alert(house: SwitchHouse) -> None:
    """It would reach the person only after the next start, as if entries were suspended then."""
    house.tell("kill_switch", SuspendEntries(source=STOPPING_SOURCE, reason="SIGTERM"))
    assert [event.kind for event in events(house)] == [AuditKind.SUSPENDED]
    assert house.told("alerting", RaiseAlert) == []
    assert reasons(house) == ("suspended:stopping",)


def test_status_shows_why_entries_are_suspended(house: SwitchHouse) -> None:
    for reason in ("old data", "older data"):
        house.tell("kill_switch", SuspendEntries(source="stale", reason=reason))
    status = house.ask("kill_switch", GetKillSwitch())
    assert isinstance(status, KillSwitchStatus)
    assert status.suspensions == {"stale": "older data"}


@pytest.mark.raises_alert(AlertCode.KILL_SWITCH_NOT_RECORDED)
def test_record_that_the_books_refuse_is_not_told_again_and_a_person_is_told_once(house: SwitchHouse) -> None:
    house.books.refuse = {RecordEvent: "disk_full"}
    house.tell("kill_switch", SuspendEntries(source="stale", reason="old data"))
    house.tell("kill_switch", SuspendEntries(source="late", reason="old data"))
    house.advance(300)
    assert len(house.told("state", RecordEvent)) == 2
    alerts = [alert for alert in house.told("alerting", RaiseAlert) if alert.severity is Severity.HIGH]
    assert [(alert.code, alert.text) for alert in alerts] == [("kill_switch_not_recorded", "disk_full")]
    house.advance(3600)
    house.tell("kill_switch", Refused(request_id="r", reasons=("one", "two")))
    last = house.told("alerting", RaiseAlert)[-1]
    assert (last.code, last.text, last.cause) == ("kill_switch_not_recorded", "one, two", "r")
