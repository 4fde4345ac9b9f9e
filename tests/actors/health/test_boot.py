"""The boot: the first probes, then the engine's start on record, once, then the jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.health import Health
from actors.runtime.testing import FakeAddress, FakeContext
from core.alerts import AlertCode
from core.contract import Router
from core.errors import InputError
from core.messages.alerting import Severity
from core.messages.audit import AuditKind
from core.messages.base import Refused
from core.messages.scheduler import StartJobs
from core.messages.state import GetSystem, Recorded, SystemRead
from tests.actors.health.room import Room


def test_the_boot_probes_then_records_then_starts_the_jobs() -> None:
    room = Room()
    room.recovered()
    assert room.starts() == []
    room.answer()
    (start,) = room.starts()
    assert start.audit[0].kind is AuditKind.ENGINE_START
    assert start.audit[0].detail["version"] == "0.1.0"
    assert (start.key, start.value) == ("boot", "boot-1")
    assert start.audit[0].detail["probes"] == {router.value: "1" for router in Router}
    assert room.sent("scheduler", StartJobs) == []
    room.tell(Recorded(request_id=start.request_id))
    assert room.sent("scheduler", StartJobs) == [StartJobs()]
    assert room.status().booted


def test_a_venue_that_is_unreachable_does_not_stop_the_boot() -> None:
    room = Room()
    room.recovered(ok=False)
    room.pass_time(30.0)
    (start,) = room.starts()
    room.tell(Recorded(request_id=start.request_id))
    assert room.sent("scheduler", StartJobs) == [StartJobs()]


def test_later_reports_of_recovery_record_no_second_start() -> None:
    room = Room()
    room.recovered()
    room.answer()
    room.tell(Recorded(request_id=room.starts()[0].request_id))
    room.recovered()
    room.probe()
    assert len(room.starts()) == 1
    assert len(room.sent("scheduler", StartJobs)) == 1


@pytest.mark.raises_alert(AlertCode.ENGINE_START)
def test_a_start_that_can_not_be_recorded_starts_no_job_and_is_tried_again() -> None:
    room = Room()
    room.recovered()
    room.answer()
    (start,) = room.starts()
    room.tell(Refused(request_id=start.request_id, reasons=("degraded",)))
    assert room.sent("scheduler", StartJobs) == []
    assert room.alerts("engine_start") == [Severity.CRITICAL]
    room.pass_time(60.0)
    assert [each.request_id for each in room.starts()] == [start.request_id] * 2


def test_a_restarted_health_finds_its_own_start_in_the_books() -> None:
    room = Room(epoch=2)
    assert room.sent("state", GetSystem) == [GetSystem(key="boot")]
    room.tell(SystemRead(key="boot", value="boot-1"))
    assert room.sent("scheduler", StartJobs) == [StartJobs()]
    assert room.starts() == []


def test_a_health_restarted_in_the_middle_of_the_boot_finishes_it() -> None:
    room = Room(epoch=2)
    room.tell(SystemRead(key="boot", value="of-an-earlier-process"))
    room.answer()
    assert len(room.starts()) == 1


def test_the_start_of_an_earlier_process_is_not_ours() -> None:
    room = Room(epoch=2)
    room.tell(SystemRead(key="boot", value="of-an-earlier-process"))
    assert room.sent("scheduler", StartJobs) == []
    room.recovered()
    room.answer()
    room.tell(Recorded(request_id=room.starts()[0].request_id))
    assert [each.value for each in room.starts()] == ["boot-1"]
    assert room.sent("scheduler", StartJobs) == [StartJobs()]


def test_a_restarted_health_records_no_start_before_it_knows_that_there_is_none() -> None:
    """Found by the simulation: after more than a week state no longer knows that it has answered the request,
    and the start stood twice in the log."""
    room = Room(epoch=2)
    room.recovered()
    room.answer()
    assert room.starts() == []
    room.tell(SystemRead(key="boot", value="boot-1"))
    assert room.sent("scheduler", StartJobs) == [StartJobs()]
    room.pass_time(120.0)
    assert room.starts() == []


def test_a_restarted_health_that_was_recovered_before_it_knows_records_its_start_then() -> None:
    room = Room(epoch=2)
    room.recovered()
    room.answer()
    room.tell(SystemRead(key="boot", value="of-an-earlier-process"))
    assert len(room.starts()) == 1


@pytest.mark.raises_alert(AlertCode.ENGINE_START)
def test_a_start_that_was_refused_is_not_recorded_again_once_it_is_known() -> None:
    room = Room(epoch=2)
    room.tell(SystemRead(key="boot", value="of-an-earlier-process"))
    room.answer()
    (start,) = room.starts()
    room.tell(Refused(request_id=start.request_id, reasons=("disk_full",)))
    room.tell(SystemRead(key="boot", value="boot-1"))
    room.pass_time(120.0)
    assert room.starts() == [start]
    assert room.sent("scheduler", StartJobs) == [StartJobs()]


def test_a_restarted_health_asks_for_its_start_until_it_is_told() -> None:
    room = Room(epoch=2)
    room.pass_time(5.0)
    room.pass_time(5.0)
    assert room.sent("state", GetSystem) == [GetSystem(key="boot")] * 3
    room.tell(SystemRead(key="boot", value="boot-1"))
    room.pass_time(60.0)
    assert len(room.sent("state", GetSystem)) == 3


def test_the_first_health_of_a_process_has_nothing_to_ask_for() -> None:
    assert Room().sent("state", GetSystem) == []


def test_a_boot_record_without_an_id_is_refused_by_name() -> None:
    health = Health(
        routers={},
        kill_switch=FakeAddress("kill_switch"),
        state=FakeAddress("state"),
        scheduler=FakeAddress("scheduler"),
        alerting=FakeAddress("alerting"),
        boot_record={},
        clock_skew_max_s=1.0,
        data_dir=Path("data"),
    )
    health.ctx = FakeContext("health")
    with pytest.raises(InputError, match="boot_id"):
        health.on_start()
