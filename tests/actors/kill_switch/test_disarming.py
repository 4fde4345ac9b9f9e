"""A disarming takes away what it was told to, whoever arms meanwhile and wherever the process ends."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

import pytest

from actors.kill_switch import DiskKillFile
from actors.runtime.testing import FakeReply
from core.kill_file import Arming, parse_kill_file
from core.messages.alerting import RaiseAlert, Severity
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.kill_switch import (
    ArmKillSwitch,
    DisarmKillSwitch,
    GetKillSwitch,
    KillSwitchArmed,
    KillSwitchDisarmed,
    Permit,
)
from core.messages.room_status import (
    KillSwitchStatus,
)
from core.messages.state import KillSwitchRow, RecordKillSwitch
from tests.fakes.kill_file import FakeKillFile
from tests.fakes.kill_switch import SwitchHouse, request


def kill(house: SwitchHouse) -> Path:
    return house.data_dir / "KILL"


def aside(house: SwitchHouse) -> Path:
    return house.data_dir / "KILL.disarming"


def arming(house: SwitchHouse, arming_id: str, cause: ArmCause = ArmCause.OPERATOR) -> Arming:
    return Arming(arming_id=arming_id, causes=(cause,), reason=arming_id, who="bob", at=house.time)


def arm(house: SwitchHouse) -> None:
    house.ask("kill_switch", ArmKillSwitch(reason="stop", who="ada"))
    house.run()


def status(house: SwitchHouse) -> KillSwitchStatus:
    found = house.ask("kill_switch", GetKillSwitch())
    assert isinstance(found, KillSwitchStatus)
    house.run()
    return found


def disarming(house: SwitchHouse) -> FakeReply:
    """A disarming that state has not recorded yet."""
    house.books.silent = {RecordKillSwitch}
    reply = house.ask("kill_switch", DisarmKillSwitch(reason="fine now", who="ada"))
    house.run()
    assert isinstance(reply, FakeReply)
    house.books.silent = set()
    return reply


def ends(house: SwitchHouse) -> None:
    """State records what it was told; the kill switch tells it again until then."""
    house.advance(10)


def test_row_names_the_armings_that_it_takes_away(house: SwitchHouse) -> None:
    arm(house)
    ids = parse_kill_file(kill(house).read_bytes()).ids
    disarming(house)
    ends(house)
    assert house.books.row.disarms == ids
    assert not kill(house).exists()
    assert not aside(house).exists()


def test_arming_that_was_added_meanwhile_stays(house: SwitchHouse) -> None:
    arm(house)
    reply = disarming(house)
    later = arming(house, "later", ArmCause.OPERATOR)
    with kill(house).open("ab") as file:
        file.write(later.to_bytes())
    ends(house)
    assert isinstance(reply.outcome, Refused)
    assert reply.outcome.reasons == ("armed_again",)
    found = status(house)
    assert (found.armed, found.reason, found.who) == (True, "later", "bob")
    assert parse_kill_file(kill(house).read_bytes()).armings == (later,)
    assert house.books.row.armed


def test_file_that_is_laid_bare_over_the_old_one_meanwhile_stays(house: SwitchHouse) -> None:
    """By a person who removes the file and touches it anew."""
    arm(house)
    reply = disarming(house)
    kill(house).unlink()
    kill(house).touch()
    ends(house)
    assert isinstance(reply.outcome, Refused)
    assert status(house).causes == (ArmCause.KILL_FILE,)


def test_bare_file_is_disarmed_as_one_that_was_seen(house: SwitchHouse) -> None:
    kill(house).touch()
    assert status(house).armed
    reply = disarming(house)
    ends(house)
    assert isinstance(reply.outcome, KillSwitchDisarmed)
    assert not kill(house).exists()


def test_what_blocked_exits_is_gone_if_only_a_later_arming_stays(house: SwitchHouse) -> None:
    house.ask("kill_switch", ArmKillSwitch(cause=ArmCause.RECOVERY, reason="books"))
    house.run()
    disarming(house)
    with kill(house).open("ab") as file:
        file.write(arming(house, "later").to_bytes())
    ends(house)
    found = status(house)
    assert found.causes == (ArmCause.OPERATOR,)
    assert not found.exits_blocked


def test_no_permit_while_a_disarming_is_not_recorded(house: SwitchHouse) -> None:
    arm(house)
    disarming(house)
    assert "armed" in house.ask("kill_switch", request()).reasons  # type: ignore[attr-defined]
    ends(house)
    house.refresh()
    assert isinstance(house.ask("kill_switch", request()), Permit)


def row(house: SwitchHouse, *, armed: bool, disarms: tuple[str, ...] = ()) -> KillSwitchRow:
    causes = (ArmCause.OPERATOR,) if armed else ()
    return KillSwitchRow(
        request_id="", armed=armed, causes=causes, reason="row", who="ada", at=house.time, disarms=disarms
    )


def test_crash_after_the_renaming_of_a_recorded_disarming_ends_it(house: SwitchHouse) -> None:
    aside(house).write_bytes(arming(house, "a").to_bytes())
    house.books.row = row(house, armed=False, disarms=("a",))
    house.restart()
    assert not status(house).armed
    assert not aside(house).exists()
    assert not kill(house).exists()
    assert not house.books.row.armed


def test_crash_after_the_renaming_puts_back_what_was_not_recorded(house: SwitchHouse) -> None:
    first, second = arming(house, "a"), arming(house, "b", ArmCause.PROBES)
    aside(house).write_bytes(first.to_bytes() + second.to_bytes())
    house.books.row = row(house, armed=False, disarms=("a",))
    house.restart()
    assert status(house).causes == (ArmCause.PROBES,)
    assert parse_kill_file(kill(house).read_bytes()).armings == (second,)
    assert not aside(house).exists()
    assert house.books.row.armed


@pytest.mark.parametrize(("armed", "disarms"), [(False, ()), (True, ()), (True, ("a",))])
def test_renamed_file_without_its_record_is_a_kill_file(
    house: SwitchHouse, armed: bool, disarms: tuple[str, ...]
) -> None:
    """Also if the row was armed again since: what it disarms is then no word of the last one."""
    aside(house).write_bytes(arming(house, "a").to_bytes())
    house.books.row = row(house, armed=armed, disarms=disarms)
    house.restart()
    assert status(house).armed
    assert kill(house).exists()
    assert not aside(house).exists()


def test_renamed_file_that_can_not_be_put_back_or_away_stays_armed_and_is_told(tmp_path: Path) -> None:
    class Refusing(DiskKillFile):
        def settle_aside(self, ids: Set[str]) -> None:
            raise OSError("Read-only file system")

    house = SwitchHouse(tmp_path, kill_file=Refusing(tmp_path))
    aside(house).write_bytes(arming(house, "a").to_bytes())
    house.books.row = row(house, armed=False, disarms=("a",))
    house.restart()
    assert status(house).armed
    told = [(a.severity, a.code, a.text, a.cause) for a in house.told("alerting", RaiseAlert)]
    assert told[0] == (Severity.CRITICAL, "kill_file_not_removed", "Read-only file system", "start")


def test_renamed_file_arms_until_the_row_is_known(tmp_path: Path) -> None:
    house = SwitchHouse(tmp_path, row_known=False)
    aside(house).write_bytes(arming(house, "a").to_bytes())
    house.restart()
    assert status(house).armed
    assert not kill(house).exists(), "whether it was disarmed is not known yet"
    house.books.silent = set()
    house.books.row = row(house, armed=False, disarms=("a",))
    house.advance(10)
    assert not status(house).armed


def test_arming_before_the_row_is_known_outlives_the_disarming_before(tmp_path: Path) -> None:
    house = SwitchHouse(tmp_path, row_known=False)
    aside(house).write_bytes(arming(house, "a").to_bytes())
    house.restart()
    house.ask("kill_switch", ArmKillSwitch(cause=ArmCause.PROBES, reason="gone"))
    house.books.silent = set()
    house.books.row = row(house, armed=False, disarms=("a",))
    house.advance(10)
    assert ArmCause.PROBES in status(house).causes
    assert ArmCause.PROBES in parse_kill_file(kill(house).read_bytes()).named_causes
    assert not aside(house).exists()


def test_file_laid_before_a_recorded_disarming_was_carried_out_stays_armed(house: SwitchHouse) -> None:
    """The process ended between record and renaming: nobody was told that it is disarmed."""
    kill(house).write_bytes(arming(house, "a").to_bytes())
    house.books.row = row(house, armed=False, disarms=("a",))
    house.restart()
    assert status(house).armed
    assert house.books.row.armed


def test_a_disarming_that_waited_for_long_takes_away_no_arming_that_its_person_had_not_seen(
    house: SwitchHouse,
) -> None:
    """Its client may have given up, while the engine was frozen; the later arming was told "armed"."""
    arm(house)
    seen = parse_kill_file(kill(house).read_bytes()).ids
    DiskKillFile(house.data_dir).add(arming(house, "late"))
    before = kill(house).read_bytes()
    refused = house.ask("kill_switch", DisarmKillSwitch(reason="abandoned", who="ada", armings=seen))
    assert isinstance(refused, Refused)
    assert refused.reasons == ("armed_again",)
    assert status(house).armed
    assert kill(house).read_bytes() == before
    assert house.books.row.armed


@pytest.mark.parametrize("more", [(), ("gone-by-now",)])
def test_a_disarming_of_all_that_its_person_saw_disarms(house: SwitchHouse, more: tuple[str, ...]) -> None:
    arm(house)
    seen = (*parse_kill_file(kill(house).read_bytes()).ids, *more)
    reply = house.ask("kill_switch", DisarmKillSwitch(reason="over", who="ada", armings=seen))
    house.run()
    outcome = reply.outcome if isinstance(reply, FakeReply) else reply
    assert isinstance(outcome, KillSwitchDisarmed)
    assert not status(house).armed


def armed_again_without_words(house: SwitchHouse, file: FakeKillFile) -> tuple[str, ...]:
    """Somebody has seen one arming; another is acknowledged, for whose words the disk has no room."""
    arm(house)
    seen = parse_kill_file(file.content or b"").ids
    file.full = True
    acknowledged = house.ask("kill_switch", ArmKillSwitch(reason="no, really", who="bob"))
    house.run()
    assert isinstance(acknowledged, KillSwitchArmed)
    assert acknowledged.not_on_disk is None, "KILL is on disk, and that arms"
    return seen


def test_a_late_disarming_takes_away_no_arming_whose_words_found_no_room(tmp_path: Path) -> None:
    file = FakeKillFile()
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    seen = armed_again_without_words(house, file)
    refused = house.ask("kill_switch", DisarmKillSwitch(reason="abandoned", who="ada", armings=seen))
    assert isinstance(refused, Refused)
    assert refused.reasons == ("armed_again",)
    assert status(house).armed


def test_the_status_names_the_armings_whose_words_found_no_room(tmp_path: Path) -> None:
    file = FakeKillFile()
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    seen = (*armed_again_without_words(house, file), *status(house).wordless)
    reply = house.ask("kill_switch", DisarmKillSwitch(reason="over", who="ada", armings=seen))
    house.run()
    assert isinstance(reply, FakeReply)
    assert isinstance(reply.outcome, KillSwitchDisarmed)
    assert status(house).wordless == ()
