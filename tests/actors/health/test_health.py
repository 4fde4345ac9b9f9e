"""Probes, what they mean for the kill switch, the boot, the disk, backups."""

from __future__ import annotations

import pytest

from actors.health.disk import FREE_BYTES_MIN
from actors.runtime.testing import DEFAULT_NOW, FakeAddress
from core.alerts import AlertCode
from core.contract import Router
from core.messages.alerting import Severity
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.health import BackupDone, BackupFailed, BackupNow
from core.messages.kill_switch import (
    CLOCK_SOURCE,
    ArmKillSwitch,
    ClearSuspension,
    KillSwitchArmed,
    SuspendEntries,
)
from core.messages.mcp import Fetch, ProbeRouter, RouterProbed
from core.messages.room_status import (
    VenueChecked,
)
from core.messages.scheduler import ClockSet, JobDue
from core.messages.state import BackupMade, MakeBackup, Recorded
from core.orders.books import Job
from core.values import Environment
from tests.actors.health.room import ALL, Room

BACKUP_NOW = BackupNow(request_id="i-1", reason="before an update")


def test_a_round_probes_every_router_once_and_the_venue_of_itself() -> None:
    room = Room()
    room.probe()
    for router in Router:
        assert len(room.sent(f"mcp.{router.value}", ProbeRouter)) == 1
    (fetch,) = room.sent("mcp.deribit", Fetch)
    assert (fetch.tool, fetch.retry) == ("environment_info", False)
    assert [each.ok for each in room.status().routers] == [True] * len(Router)


def test_the_kill_switch_hears_what_the_venue_says_of_itself() -> None:
    room = Room()
    room.probe(clock_ahead_s=4.0)
    (checked,) = room.sent("kill_switch", VenueChecked)
    assert (checked.environment, checked.account) == (Environment.PAPER, "a-1")
    assert checked.clock_offset_s == pytest.approx(4.0)


@pytest.mark.raises_alert(AlertCode.PROBE_FAILED)
def test_three_failed_probes_of_deribit_in_a_row_arm_once() -> None:
    room = Room()
    deribit = frozenset({Router.DERIBIT})
    room.probe(down=deribit)
    room.probe(down=deribit)
    assert room.sent("kill_switch", ArmKillSwitch) == []
    room.probe(down=deribit)
    room.probe(down=deribit)
    (arm,) = room.sent("kill_switch", ArmKillSwitch)
    assert (arm.cause, arm.who) == (ArmCause.PROBES, "health")
    assert room.alerts("probe_failed") == [Severity.MEDIUM], "the arming is told by the kill switch"
    room.probe()
    assert room.alerts("probe_back") == [Severity.LOW]


def test_the_switch_answers_an_arming_and_probes_go_on() -> None:
    """The answer to an arming of ours is no crash, and a probe after it is counted as before."""
    room = Room()
    room.tell(
        KillSwitchArmed(cause=ArmCause.PROBES, reason="r", who="health", at=DEFAULT_NOW, exits_blocked=False)
    )
    room.probe()
    assert {router.router: router.ok for router in room.status().routers} == dict.fromkeys(Router, True)


def test_a_good_probe_in_between_starts_the_count_anew() -> None:
    room = Room()
    for down in (True, True, False, True, True):
        room.probe(down=frozenset({Router.DERIBIT}) if down else frozenset())
    assert room.sent("kill_switch", ArmKillSwitch) == []


def test_maintenance_does_not_count() -> None:
    room = Room()
    for _ in range(5):
        room.probe(down=frozenset({Router.DERIBIT}), maintenance=True)
    assert room.sent("kill_switch", ArmKillSwitch) == []
    assert room.status().routers[0].maintenance


def test_maintenance_in_between_neither_counts_nor_forgives() -> None:
    room = Room()
    deribit = frozenset({Router.DERIBIT})
    room.probe(down=deribit)
    room.probe(down=deribit)
    room.probe(down=deribit, maintenance=True)
    room.probe(down=deribit)
    assert len(room.sent("kill_switch", ArmKillSwitch)) == 1


@pytest.mark.raises_alert(AlertCode.PROBE_BACK)
@pytest.mark.parametrize("router", sorted(ALL - {Router.DERIBIT}))
def test_another_router_that_fails_suspends_and_clears_itself(router: Router) -> None:
    room = Room()
    room.probe()
    cleared = len(room.sent("kill_switch", ClearSuspension))
    for _ in range(4):
        room.probe(down=frozenset({router}))
    assert [each.source for each in room.sent("kill_switch", SuspendEntries)] == [f"probe:{router.value}"]
    assert room.sent("kill_switch", ArmKillSwitch) == []
    room.probe()
    after = room.sent("kill_switch", ClearSuspension)[cleared:]
    assert [each.source for each in after] == [f"probe:{router.value}"]


def test_a_router_that_does_not_answer_counts_as_failed() -> None:
    room = Room()
    room.due()
    room.answer(silent=frozenset({Router.MACRO}))
    room.pass_time(30.0)
    assert [each.source for each in room.sent("kill_switch", SuspendEntries)] == ["probe:macro"]


def test_a_silent_deribit_arms_as_a_refusing_one_does() -> None:
    room = Room()
    for _ in range(3):
        room.due()
        room.answer(silent=frozenset({Router.DERIBIT}))
        room.pass_time(30.0)
    assert len(room.sent("kill_switch", ArmKillSwitch)) == 1


def test_an_answer_of_a_round_that_was_given_up_is_left_alone() -> None:
    room = Room()
    room.due()
    old = room.sent("mcp.macro", ProbeRouter)[-1]
    room.pass_time(30.0)
    before = room.status()
    room.tell(
        RouterProbed(
            request_id=old.request_id,
            router=Router.MACRO,
            ok=True,
            maintenance=False,
            version="1",
            environment="paper",
            warnings=(),
            error=None,
            latency_s=31.0,
            at=room.ctx.now(),
        )
    )
    assert room.status() == before


@pytest.mark.raises_alert(AlertCode.DISK_LOW)
def test_a_full_disk_suspends_until_there_is_room_again() -> None:
    room = Room()
    room.probe()
    room.free_bytes = FREE_BYTES_MIN - 1
    room.probe()
    room.probe()
    disk = [each for each in room.sent("kill_switch", SuspendEntries) if each.source == "disk"]
    assert len(disk) == 1
    assert room.alerts("disk_low") == [Severity.HIGH]
    assert room.status().disk_low
    room.free_bytes = FREE_BYTES_MIN
    room.probe()
    assert room.sent("kill_switch", ClearSuspension)[-1].source == "disk"


@pytest.mark.raises_alert(AlertCode.DISK_BACK)
def test_a_full_disk_is_told_again_each_day_and_as_over_once() -> None:
    room = Room()
    room.free_bytes = FREE_BYTES_MIN - 1
    for _ in range(3 * 24 * 12):
        room.probe()
        room.pass_time(300.0)
    assert room.alerts("disk_low") == [Severity.HIGH] * 3
    room.free_bytes = FREE_BYTES_MIN
    room.probe()
    room.probe()
    assert room.alerts("disk_back") == [Severity.LOW]


def test_a_disk_that_can_not_be_read_is_taken_for_full() -> None:
    room = Room(free_bytes=OSError(5, "Input/output error"))
    room.probe()
    assert [each.source for each in room.sent("kill_switch", SuspendEntries)] == ["disk"]


def test_a_backup_is_ordered_by_its_slot_and_told_again_until_made() -> None:
    room = Room()
    room.due(Job.BACKUP)
    room.pass_time(5.0)
    orders = room.sent("state", MakeBackup)
    assert [order.request_id for order in orders] == [f"backup-{DEFAULT_NOW:%Y%m%dT%H%M%SZ}"] * 2
    room.tell(BackupMade(request_id=orders[0].request_id, path="backups/x", bytes=1))
    assert room.status().last_backup_at == room.ctx.now()
    assert room.ctx.pending_timers == []


@pytest.mark.raises_alert(AlertCode.BACKUP_FAILED)
def test_a_backup_that_fails_is_a_high_alert() -> None:
    room = Room()
    room.due(Job.BACKUP)
    order = room.sent("state", MakeBackup)[0]
    room.tell(Refused(request_id=order.request_id, reasons=("disk_full",)))
    assert room.alerts("backup_failed") == [Severity.HIGH]
    assert room.status().last_backup_error == "disk_full"


def asked_backup(room: Room) -> MakeBackup:
    """A person asks for a backup; what state is told."""
    with room.ctx.handling(BACKUP_NOW, sender=FakeAddress("control")):
        room.actor.on_receive(BACKUP_NOW)
    return room.sent("state", MakeBackup)[-1]


def test_a_backup_that_a_person_asks_for_ends_when_it_is_complete_and_names_its_folder() -> None:
    room = Room()
    order = asked_backup(room)
    assert room.ctx.told_to("control") == []
    room.tell(BackupMade(request_id=order.request_id, path="backups/x", bytes=7))
    assert room.ctx.told_to("control") == [BackupDone(request_id="i-1", path="backups/x", size_bytes=7)]
    assert room.status().last_backup_at == room.ctx.now()


def test_a_backup_that_is_asked_for_again_has_the_same_id() -> None:
    """State answers for the backup that it has made under it."""
    room = Room()
    assert asked_backup(room).request_id == asked_backup(room).request_id


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        (
            "backup_failed: x: no space",
            BackupFailed(request_id="i-1", reasons=("backup_failed: x: no space",)),
        ),
        ("books_busy", Refused(request_id="i-1", reasons=("books_busy",))),
    ],
)
def test_a_backup_that_failed_has_ended_and_one_that_could_not_begin_is_asked_again(
    reason: str, answer: BackupFailed | Refused
) -> None:
    room = Room()
    order = asked_backup(room)
    room.tell(Refused(request_id=order.request_id, reasons=(reason,)))
    assert room.ctx.told_to("control") == [answer]
    assert room.alerts("backup_failed") == [], "the person is told"


def test_no_timer_is_left_after_a_round() -> None:
    room = Room()
    room.probe()
    assert room.ctx.pending_timers == []


@pytest.mark.parametrize("message", ["hello", JobDue(job=Job.ENTRY, slot=DEFAULT_NOW)])
def test_what_is_not_for_health_is_a_crash(message: object) -> None:
    with pytest.raises(TypeError, match="expected"):
        Room().tell(message)


def cleared_clock(room: Room) -> int:
    """How often the suspension for the clock was taken back."""
    return sum(clear.source == CLOCK_SOURCE for clear in room.sent("kill_switch", ClearSuspension))


def test_a_clock_unlike_the_venues_suspends_entries_until_they_agree() -> None:
    room = Room()
    room.probe(clock_ahead_s=1.5)
    (suspended,) = room.sent("kill_switch", SuspendEntries)
    assert suspended.source == CLOCK_SOURCE
    assert "1.5 s ahead of ours" in suspended.reason
    room.probe(clock_ahead_s=-1.5)
    assert "1.5 s behind ours" in room.sent("kill_switch", SuspendEntries)[-1].reason
    assert cleared_clock(room) == 0
    room.probe()
    room.probe()
    assert cleared_clock(room) == 1


def test_after_the_clock_was_set_the_venue_is_asked_at_once_and_clears_the_suspension() -> None:
    room = Room()
    room.recovered()
    room.answer()
    room.tell(Recorded(request_id=room.starts()[0].request_id))
    asked = len(room.sent("mcp.deribit", Fetch))
    room.tell(ClockSet(step_s=-600.0, at=room.ctx.now()))
    assert len(room.sent("mcp.deribit", Fetch)) == asked + 1
    assert cleared_clock(room) == 0
    room.answer()
    assert cleared_clock(room) == 1
