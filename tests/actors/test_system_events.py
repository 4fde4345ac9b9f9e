"""What the runtime tells of itself reaches alerting, the books and the switch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from actors.names import Rooms
from actors.runtime import (
    ActorFailed,
    ActorHung,
    ActorParked,
    ActorRestarted,
    ClockStepped,
    DeadLettered,
    HookFailed,
    MailboxOverflow,
    RootExhausted,
    SupervisorExhausted,
)
from actors.runtime.testing import FakeAddress
from actors.system_events import SystemEvents
from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert, Severity
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditKind
from core.messages.execution import Reconcile
from core.messages.kill_switch import ArmKillSwitch, ClearSuspension, SuspendEntries
from core.messages.scheduler import ClockSet
from core.messages.state import MakeBackup, RecordEvent

NOW = datetime(2026, 1, 5, 14, tzinfo=UTC)
FEED = "root/feeds/mcp.macro"
ROOMS = ("alerting", "kill_switch", "state", "execution", "health", "scheduler")


class House:
    """The listener with an address for each room that it tells."""

    def __init__(self) -> None:
        self.rooms = {name: FakeAddress(name) for name in ROOMS}
        self.listen = SystemEvents()
        self.listen.rooms = Rooms(self.rooms)

    def told(self, name: str) -> list[object]:
        return self.rooms[name].received

    def alerts(self) -> list[RaiseAlert]:
        return [message for message in self.told("alerting") if isinstance(message, RaiseAlert)]


@pytest.fixture
def house() -> House:
    return House()


def parked(path: str = FEED) -> ActorParked:
    return ActorParked(path, NOW + timedelta(minutes=10), NOW)


def restarted(path: str, epoch: int = 2, at: datetime = NOW) -> ActorRestarted:
    return ActorRestarted(path, epoch, epoch - 1, at)


@pytest.mark.raises_alert(AlertCode.ACTOR_FAILED)
def test_a_failure_is_an_alert_that_names_actor_message_and_error(house: House) -> None:
    """One line with all that a person needs to begin looking."""
    house.listen(ActorFailed(FEED, 1, ValueError("no\nmore"), "Fetch", 0.5, NOW))
    (alert,) = house.alerts()
    assert alert.text == f"{FEED} failed on Fetch: ValueError: no; restarts in 0.50 s"
    assert (alert.severity, alert.cause) == (Severity.MEDIUM, FEED)


@pytest.mark.raises_alert(AlertCode.HOOK_FAILED)
def test_a_failed_hook_is_an_alert_that_names_it(house: House) -> None:
    house.listen(HookFailed(FEED, 1, "on_stop", ValueError("no"), NOW))
    (alert,) = house.alerts()
    assert alert.text == f"{FEED}: on_stop raised ValueError: no"
    assert (alert.severity, alert.cause) == (Severity.MEDIUM, FEED)


def test_each_restart_is_on_record_once_also_across_processes(house: House) -> None:
    """State answers a repeated id without a second record, so no two restarts may share one."""
    house.listen(restarted(FEED))
    house.listen(restarted(FEED, at=NOW + timedelta(days=1)))
    records = [message for message in house.told("state") if isinstance(message, RecordEvent)]
    assert [record.audit[0].kind for record in records] == [AuditKind.ACTOR_RESTARTED] * 2
    assert len({record.request_id for record in records}) == 2


@pytest.mark.raises_alert(AlertCode.ACTOR_PARKED)
def test_a_parked_feed_is_critical_and_suspends_entries_until_it_is_back(house: House) -> None:
    """One broken feed blocks entries, and nothing else."""
    house.listen(parked())
    (alert,) = house.alerts()
    assert alert.severity is Severity.CRITICAL
    (suspended,) = house.told("kill_switch")
    assert isinstance(suspended, SuspendEntries)
    house.listen(restarted(FEED))
    assert house.told("kill_switch")[1] == ClearSuspension(source=suspended.source)


def test_a_restarted_kill_switch_is_told_again_of_what_is_parked(house: House) -> None:
    """Suspensions live in its memory: without this, a crash of the switch would lift them."""
    house.listen(parked())
    house.listen(restarted("root/kill_switch"))
    first, second = house.told("kill_switch")
    assert first == second


def test_a_restart_of_a_feed_that_was_not_parked_clears_nothing(house: House) -> None:
    """Whoever suspended for another reason clears it."""
    house.listen(restarted(FEED))
    assert house.told("kill_switch") == []


def test_a_lost_message_that_changes_books_suspends_and_reconciles(house: House) -> None:
    """Until the books are checked against the venue, nothing is opened."""
    lost = MakeBackup(request_id="b", at=NOW)
    house.listen(DeadLettered("root/books/state", lost, "crashed: ValueError", "c-1", NOW))
    assert [type(message) for message in house.told("kill_switch")] == [SuspendEntries]
    assert [type(message) for message in house.told("execution")] == [Reconcile]
    assert house.alerts()[0].cause == "c-1"


def test_a_name_that_only_begins_like_the_books_is_elsewhere(house: House) -> None:
    """Whatever else may be named bookshelf, losing its mail is no reason to suspend entries."""
    house.listen(MailboxOverflow("root/bookshelf", 7, NOW))
    assert house.told("kill_switch") == house.told("execution") == []


@pytest.mark.raises_alert(AlertCode.DEAD_LETTER)
def test_a_lost_message_elsewhere_is_recorded_and_suspends_nothing(house: House) -> None:
    """A poisoned read is dropped after one try; the rest goes on."""
    house.listen(DeadLettered(FEED, object(), "crashed: ValueError", None, NOW))
    (record,) = house.told("state")
    assert isinstance(record, RecordEvent)
    assert record.audit[0].kind is AuditKind.DEAD_LETTER
    assert house.told("kill_switch") == []


def test_a_lost_record_of_a_loss_is_not_recorded_again(house: House) -> None:
    """Else a state that refuses records would be told of each refusal for ever."""
    house.listen(DeadLettered("root/books/state", RecordEvent(request_id="r"), "full", None, NOW))
    assert house.told("state") == []


def test_folded_losses_are_alerted_and_recorded_with_their_count(house: House) -> None:
    """One event stands for many; whoever reads of it must see how many."""
    house.listen(DeadLettered(FEED, object(), "parked", None, NOW, count=41))
    (record,) = house.told("state")
    assert isinstance(record, RecordEvent)
    assert record.audit[0].detail["count"] == 41
    assert house.alerts()[0].text == f"{FEED} will not handle object: parked (41 of them)"


@pytest.mark.raises_alert(AlertCode.MAILBOX_OVERFLOW)
def test_an_overflow_in_the_books_suspends_and_one_of_alerting_is_not_alerted(house: House) -> None:
    """Alerting's own overflow is counted and logged by the runtime alone."""
    house.listen(MailboxOverflow("root/alerting", 1, NOW))
    assert house.alerts() == []
    house.listen(MailboxOverflow("root/books/state", 7, NOW))
    assert house.alerts()[0].severity is Severity.HIGH
    assert [type(message) for message in house.told("kill_switch")] == [SuspendEntries]


@pytest.mark.raises_alert(AlertCode.SUPERVISOR_EXHAUSTED)
@pytest.mark.parametrize("event", [SupervisorExhausted("root/desk", NOW), RootExhausted("root", NOW)])
def test_an_exhausted_supervisor_arms(house: House, event: SupervisorExhausted | RootExhausted) -> None:
    """An engine that keeps falling over does not go on trading."""
    house.listen(event)
    (armed,) = house.told("kill_switch")
    assert isinstance(armed, ArmKillSwitch)
    assert armed.cause is ArmCause.SUPERVISION


@pytest.mark.raises_alert(AlertCode.ACTOR_HUNG)
def test_a_hang_is_told_loudly(house: House) -> None:
    """What it was busy with, and for how long."""
    house.listen(ActorHung(FEED, "Fetch", 21.0, NOW))
    assert house.alerts()[0].severity is Severity.HIGH
    assert "21.0 s" in house.alerts()[0].text


@pytest.mark.raises_alert(AlertCode.CLOCK_STEPPED)
@pytest.mark.parametrize(("step_s", "way"), [(28_800.0, "ahead by 28,800.0 s"), (-600.0, "back by 600.0 s")])
def test_a_clock_that_was_set_is_critical_suspends_entries_and_plans_anew(
    house: House, step_s: float, way: str
) -> None:
    """Nobody acts on a time that may be wrong, until the venue has confirmed it."""
    house.listen(ClockStepped(step_s, NOW))
    (alert,) = house.alerts()
    assert (alert.severity, alert.code) == (Severity.CRITICAL, "clock_stepped")
    assert way in alert.text
    (suspended,) = house.told("kill_switch")
    assert isinstance(suspended, SuspendEntries)
    assert suspended.source == "clock"
    assert house.told("scheduler") == house.told("health") == [ClockSet(step_s=step_s, at=NOW)]


@pytest.mark.parametrize("path", ["root/watch/heartbeat", "root/watch/phone"])
def test_what_is_beside_the_engine_is_parked_without_suspending_entries(house: House, path: str) -> None:
    house.listen(parked(path))
    (alert,) = house.alerts()
    assert (alert.severity, alert.code) == (Severity.HIGH, "actor_parked")
    assert house.told("kill_switch") == []
    house.listen(restarted(path))
    assert house.told("kill_switch") == []
