"""What the kill switch has on record of an arming and tells a person of it, each once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.alerts import AlertCode
from core.kill_file import Arming, parse_kill_file
from core.messages.alerting import RaiseAlert, Severity
from core.messages.arm_cause import ArmCause
from core.messages.state import KillSwitchRow, RecordKillSwitch
from tests.actors.kill_switch.test_arming import arm, disarm, give_permit, status
from tests.fakes.kill_switch import SwitchHouse


@pytest.mark.raises_alert(AlertCode.ARMED_PROBES)
def test_person_is_told_of_every_cause_once(house: SwitchHouse) -> None:
    for cause in (ArmCause.OPERATOR, ArmCause.PROBES, ArmCause.OPERATOR):
        arm(house, cause)
    house.run()
    alerts = [(a.severity, a.code, a.text, a.cause) for a in house.told("alerting", RaiseAlert)]
    assert alerts == [
        (Severity.CRITICAL, f"armed:{cause}", "armed by ada: stop", "stop")
        for cause in ("operator", "probes")
    ]


@pytest.mark.raises_alert(AlertCode.DISARMED)
def test_person_is_told_who_has_disarmed_and_why(house: SwitchHouse) -> None:
    arm(house)
    house.run()
    disarm(house)
    last = house.told("alerting", RaiseAlert)[-1]
    assert (last.severity, last.code, last.text) == (Severity.HIGH, "disarmed", "disarmed by ada: fine now")


def test_what_is_recorded_is_not_told_again(house: SwitchHouse) -> None:
    arm(house)
    house.run()
    house.advance(60)
    assert len(house.told("state", RecordKillSwitch)) == 1


def test_arming_is_recorded_once_however_long_its_permits_take(house: SwitchHouse) -> None:
    give_permit(house)
    arm(house)
    house.advance(60)
    assert len({record.request_id for record in house.told("state", RecordKillSwitch)}) == 1


@pytest.mark.parametrize("causes", [(ArmCause.RECOVERY,), ()])
@pytest.mark.parametrize("laid", [False, True])
def test_causes_of_the_row_count_beside_those_of_the_file(
    house: SwitchHouse, tmp_path: Path, causes: tuple[ArmCause, ...], laid: bool
) -> None:
    """A row that names none is a person's. The file gets what it lacks, and a person is told."""
    if laid:
        probes = Arming(causes=(ArmCause.PROBES,), reason="gone", who="health", at=house.time)
        (tmp_path / "KILL").write_bytes(probes.to_bytes())
    at = house.time - timedelta(days=1)
    house.books.row = KillSwitchRow(request_id="", armed=True, causes=causes, reason="row", who="ada", at=at)
    house.restart()
    expected = {*(causes or (ArmCause.OPERATOR,)), *((ArmCause.PROBES,) if laid else ())}
    found = status(house)
    assert set(found.causes) == expected
    assert (found.reason, found.since) == (("gone", house.time) if laid else ("row", at))
    assert parse_kill_file((tmp_path / "KILL").read_bytes()).named_causes == expected
    if laid:
        last = house.told("alerting", RaiseAlert)[-1]
        assert (last.severity, last.code, last.text) == (Severity.CRITICAL, "armed:at_start", "gone")
