"""The `KILL` file of the kill switch: on disks that refuse, and beside people who lay or remove it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from actors.kill_switch import DiskKillFile
from actors.kill_switch.armed_file import Look
from actors.kill_switch.armed_row import RecordArmingAgain
from actors.kill_switch.ledger import PermitLapsed
from actors.runtime.testing import DEFAULT_NOW, FakeReply, FakeTimer
from core.alerts import AlertCode
from core.kill_file import Arming, parse_kill_file
from core.messages.alerting import RaiseAlert, Severity
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.kill_switch import DisarmKillSwitch, KillSwitchArmed, KillSwitchDisarmed, PauseEntries
from core.messages.state import GetKillSwitchRow, KillSwitchRow, LatchEntries, RecordKillSwitch
from tests.actors.kill_switch.test_arming import arm, status
from tests.fakes.kill_file import FakeKillFile
from tests.fakes.kill_switch import SwitchHouse


def pending(house: SwitchHouse) -> list[FakeTimer]:
    return house.contexts["kill_switch"].pending_timers


def test_bare_kill_file_found_at_start_is_recorded_and_says_so_from_then_on(tmp_path: Path) -> None:
    (tmp_path / "KILL").write_bytes(b"")
    house = SwitchHouse(tmp_path)
    assert status(house).causes == (ArmCause.KILL_FILE,)
    assert house.books.row.armed
    [arming] = parse_kill_file((tmp_path / "KILL").read_bytes()).armings
    assert (arming.causes, arming.reason) == ((ArmCause.KILL_FILE,), "a KILL file was found")


def test_disk_that_refuses_leaves_it_armed_and_the_answer_says_that_it_is_not_on_disk(
    tmp_path: Path,
) -> None:
    file = FakeKillFile()
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    house.refresh()
    file.broken = True
    answer = arm(house)
    assert isinstance(answer, KillSwitchArmed)
    assert answer.not_on_disk == "no space left on device"
    assert status(house).armed
    house.run()
    assert house.books.row.armed
    file.broken = False
    house.advance(5)
    assert file.content is not None
    again = arm(house)
    assert isinstance(again, KillSwitchArmed)
    assert again.not_on_disk is None
    assert [alert.code for alert in house.told("alerting", RaiseAlert)] == [
        "kill_file_unwritable",
        "armed:operator",
    ]


def test_refusal_of_the_books_is_not_taken_for_an_arming_on_disk(tmp_path: Path) -> None:
    """A full disk without ballast: neither the file nor the row can be written."""
    file = FakeKillFile()
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    house.books.refuse = {RecordKillSwitch: "disk_full"}
    file.broken = True
    answer = arm(house)
    house.run()
    assert isinstance(answer, KillSwitchArmed)
    assert answer.not_on_disk is not None
    assert status(house).armed
    assert not house.books.row.armed
    house.books.refuse = {}
    house.advance(60)
    assert house.books.row.armed, "the record is told again until the books take it"


@pytest.mark.raises_alert(AlertCode.KILL_FILE_UNWRITABLE)
def test_failing_disk_is_tried_again_by_one_timer_and_alerted_once_an_hour(tmp_path: Path) -> None:
    file = FakeKillFile()
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    file.broken = True
    for _ in range(5):
        arm(house)
    for _ in range(3):
        house.advance(20)
        timers = house.contexts["kill_switch"].pending_timers
        assert [timer.message for timer in timers if isinstance(timer.message, Look)] == [Look()]
    alerts = [alert for alert in house.told("alerting", RaiseAlert) if alert.code == "kill_file_unwritable"]
    assert [(alert.severity, alert.cause) for alert in alerts] == [(Severity.CRITICAL, "arming")]
    file.broken = False
    house.advance(5)
    assert file.content is not None


@pytest.mark.raises_alert(AlertCode.KILL_FILE_UNWRITABLE)
def test_disk_that_refuses_file_row_and_pause_is_tried_by_one_timer_each_however_long_it_lasts(
    tmp_path: Path,
) -> None:
    """Each retry once planned the others' anew: their number grew thirteenfold a minute."""
    file = FakeKillFile()
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    file.broken = True
    house.books.refuse = {RecordKillSwitch: "disk_full", LatchEntries: "disk_full"}
    for number in range(3):
        arm(house)
        house.ask(
            "kill_switch", PauseEntries(request_id=f"p{number}", reason="drill", who="ada", at=DEFAULT_NOW)
        )
    for _ in range(10):
        house.advance(60)
        assert sum(not isinstance(timer.message, PermitLapsed) for timer in pending(house)) <= 3
    assert len(house.told("state", RecordKillSwitch)) <= 3 + 10
    assert len(house.told("state", LatchEntries)) <= 3 * (1 + 10)
    house.books.refuse = {}
    house.advance(60)
    assert house.books.row.armed


def test_armings_whose_record_is_refused_share_one_timer_and_need_it_no_more_once_one_is_taken(
    tmp_path: Path,
) -> None:
    house = SwitchHouse(tmp_path)
    house.advance(10)
    house.books.refuse = {RecordKillSwitch: "disk_full"}
    for _ in range(5):
        arm(house)
        house.run()
    assert sum(isinstance(timer.message, RecordArmingAgain) for timer in pending(house)) == 1
    house.books.refuse = {}
    arm(house)
    house.run()
    house.advance(120)
    assert len(house.told("state", RecordKillSwitch)) == 5 + 1
    assert not any(isinstance(timer.message, RecordArmingAgain) for timer in pending(house))


def test_every_cause_is_held_in_memory_while_the_disk_refuses(tmp_path: Path) -> None:
    file = FakeKillFile()
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    file.broken = True
    arm(house)
    arm(house, ArmCause.AUDIT)
    assert set(status(house).causes) == {ArmCause.OPERATOR, ArmCause.AUDIT}
    assert status(house).exits_blocked


@pytest.mark.parametrize("seen", [None, ()])
def test_arming_that_never_came_to_the_disk_can_be_disarmed_and_is_not_laid_afterwards(
    tmp_path: Path, seen: tuple[str, ...] | None
) -> None:
    file = FakeKillFile()
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    file.broken = True
    arm(house)
    house.run()
    file.broken = False
    reply = house.ask("kill_switch", DisarmKillSwitch(reason="fine now", who="ada", armings=seen))
    house.run()
    assert isinstance(reply, FakeReply)
    assert isinstance(reply.outcome, KillSwitchDisarmed)
    house.advance(60)
    assert file.content is None
    assert not status(house).armed


class RefusingDisk(DiskKillFile):
    """A real file, to which nothing can be added."""

    def add(self, arming: Arming) -> OSError | None:
        raise OSError("no space left on device")


def lay_nothing_to_read(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("lay", "causes"),
    [
        (lambda path: None, {ArmCause.PROBES}),
        (lambda path: path.write_bytes(b"stop"), {ArmCause.PROBES, ArmCause.KILL_FILE}),
        (lay_nothing_to_read, {ArmCause.PROBES, ArmCause.KILL_FILE}),
    ],
)
def test_what_could_not_be_written_outlives_the_end_of_an_earlier_disarming(
    tmp_path: Path, lay: Callable[[Path], object], causes: set[ArmCause]
) -> None:
    """The row tells that what was set aside is disarmed; the arming since is in memory only."""
    house = SwitchHouse(tmp_path, row_known=False, kill_file=RefusingDisk(tmp_path))
    gone = Arming(arming_id="a", causes=(ArmCause.RECOVERY,), reason="r", who="w", at=house.time)
    (tmp_path / "KILL.disarming").write_bytes(gone.to_bytes())
    house.books.silent = {GetKillSwitchRow, RecordKillSwitch}
    house.restart()
    lay(tmp_path / "KILL")
    arm(house, ArmCause.PROBES)
    asked = house.told("state", GetKillSwitchRow)[-1].request_id
    row = KillSwitchRow(
        request_id=asked, armed=False, causes=(), reason="r", who="w", at=house.time, disarms=("a",)
    )
    house.tell("kill_switch", row)
    assert not (tmp_path / "KILL.disarming").exists()
    assert set(status(house).causes) == causes


def test_persons_words_are_added_to_a_file_that_holds_anothers_and_a_known_cause_is_not(
    tmp_path: Path,
) -> None:
    file = FakeKillFile()
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    for cause in (ArmCause.OPERATOR, ArmCause.PROBES):
        laid = Arming(arming_id=cause.value, causes=(cause,), reason="other", who="bob", at=house.time)
        file.content = (file.content or b"") + laid.to_bytes()
    arm(house)
    arm(house, ArmCause.PROBES)
    found = file.read()
    assert found is not None
    assert [(one.causes, one.who) for one in found.armings] == [
        ((ArmCause.OPERATOR,), "bob"),
        ((ArmCause.PROBES,), "bob"),
        ((ArmCause.OPERATOR,), "ada"),
    ]


@pytest.mark.raises_alert(AlertCode.ARMED_KILL_FILE)
def test_file_that_can_not_be_read_says_so_in_the_status(house: SwitchHouse, tmp_path: Path) -> None:
    (tmp_path / "KILL").mkdir()
    found = status(house)
    assert found.reason is not None
    assert found.reason.startswith("a KILL file can't be read: ")
    assert found.who == "unknown"


@pytest.mark.raises_alert(AlertCode.KILL_FILE_BARE)
def test_full_disk_has_a_bare_file_that_is_filled_when_there_is_room(tmp_path: Path) -> None:
    file = FakeKillFile()
    file.full = True
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    answer = arm(house)
    assert isinstance(answer, KillSwitchArmed)
    assert answer.not_on_disk is None
    assert file.content == b""
    house.run()
    told = house.told("alerting", RaiseAlert)[0]
    assert (told.severity, told.code) == (Severity.CRITICAL, "kill_file_bare")
    file.full = False
    house.advance(5)
    found = file.read()
    assert found is not None
    assert found.named_causes == {ArmCause.OPERATOR}


def test_file_that_a_command_has_laid_is_taken_up_and_not_laid_twice(tmp_path: Path) -> None:
    file = FakeKillFile()
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    laid = Arming(
        arming_id="by-command", causes=(ArmCause.OPERATOR,), reason="stop", who="ada", at=house.time
    )
    file.content = laid.to_bytes()
    assert isinstance(arm(house), KillSwitchArmed)
    found = file.read()
    assert found is not None
    assert found.armings == (laid,)
    assert file.synced == 1, "it counts only when it is on disk"
    house.run()
    codes = [alert.code for alert in house.told("alerting", RaiseAlert)]
    assert codes == ["armed:operator"]


def test_what_others_have_laid_counts_in_the_answer_to_an_arming(house: SwitchHouse, tmp_path: Path) -> None:
    laid = Arming(causes=(ArmCause.RECOVERY,), reason="books", who="w", at=house.time)
    (tmp_path / "KILL").write_bytes(laid.to_bytes())
    answer = arm(house)
    assert isinstance(answer, KillSwitchArmed)
    assert answer.exits_blocked


@pytest.mark.raises_alert(AlertCode.ARMED_OPERATOR, AlertCode.ARMED_AUDIT)
def test_cause_that_is_added_to_the_file_while_armed_is_taken_up(house: SwitchHouse, tmp_path: Path) -> None:
    arm(house)
    with (tmp_path / "KILL").open("ab") as file:
        file.write(Arming(causes=(ArmCause.AUDIT,), reason="r", who="w", at=house.time).to_bytes())
    found = status(house)
    assert set(found.causes) == {ArmCause.OPERATOR, ArmCause.AUDIT}
    assert found.exits_blocked
    house.run()
    assert ArmCause.AUDIT in house.books.row.causes
    alerts = [(alert.code, alert.text) for alert in house.told("alerting", RaiseAlert)]
    assert alerts == [("armed:operator", "armed by ada: stop"), ("armed:audit", "armed by ada: stop")]


def test_time_of_a_file_ahead_of_market_time_is_not_believed(tmp_path: Path) -> None:
    """In paper trading a person's clock is ahead; records keep to market time."""
    house = SwitchHouse(tmp_path)
    ahead = house.time + timedelta(days=300)
    laid = Arming(causes=(ArmCause.OPERATOR,), reason="stop", who="ada", at=ahead)
    (tmp_path / "KILL").write_bytes(laid.to_bytes())
    assert status(house).since == house.time
    house.run()
    assert house.books.row.at == house.time


def test_file_that_is_taken_away_while_armed_is_laid_again(house: SwitchHouse, tmp_path: Path) -> None:
    arm(house)
    (tmp_path / "KILL").unlink()
    status(house)
    found = parse_kill_file((tmp_path / "KILL").read_bytes())
    assert found.named_causes == {ArmCause.OPERATOR}


@pytest.mark.raises_alert(AlertCode.KILL_FILE_NOT_REMOVED)
def test_file_that_can_not_be_removed_leaves_it_armed(tmp_path: Path) -> None:
    file = FakeKillFile()
    house = SwitchHouse(tmp_path, kill_file=file)
    arm(house)
    house.advance(10)
    file.broken = True
    reply = house.ask("kill_switch", DisarmKillSwitch(reason="fine now", who="ada"))
    house.run()
    assert isinstance(reply, FakeReply)
    refused = reply.outcome
    assert isinstance(refused, Refused)
    assert refused.reasons == ("kill_file_not_removed",)
    assert status(house).armed
    assert house.books.row.armed, "the row does not stay disarmed"
    told = [alert for alert in house.told("alerting", RaiseAlert) if alert.code == "kill_file_not_removed"]
    assert [(alert.severity, alert.text) for alert in told] == [(Severity.CRITICAL, "read-only file system")]


def test_link_that_leads_nowhere_arms_at_the_start_and_while_it_runs(
    house: SwitchHouse, tmp_path: Path
) -> None:
    assert not status(house).armed
    (tmp_path / "KILL").symlink_to("nowhere")
    assert status(house).causes == (ArmCause.KILL_FILE,)
    house.restart()
    assert status(house).causes == (ArmCause.KILL_FILE,)
    assert (tmp_path / "KILL").is_symlink()
    codes = {alert.code for alert in house.told("alerting", RaiseAlert)}
    assert "kill_file_unwritable" not in codes, "it arms after a restart, too"
