"""The `KILL` file of the kill switch: on disks that refuse, and beside people who lay or remove it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from actors.runtime.testing import FakeReply
from core.kill_file import Arming, parse_kill_file
from core.messages.alerting import RaiseAlert
from core.messages.base import Refused
from core.messages.kill_switch import (
    ArmCause,
    DisarmKillSwitch,
    KillSwitchArmed,
)
from core.messages.state import RecordKillSwitch
from tests.actors.kill_switch.test_arming import arm, status
from tests.fakes.kill_file import FakeKillFile
from tests.fakes.kill_switch import SwitchHouse


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


def test_failing_disk_is_tried_again_by_one_timer_and_alerted_once_an_hour(tmp_path: Path) -> None:
    file = FakeKillFile()
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    file.broken = True
    for _ in range(5):
        arm(house)
    timers = house.contexts["kill_switch"].pending_timers
    house.advance(60)
    assert len(house.contexts["kill_switch"].pending_timers) <= len(timers)
    codes = [alert.code for alert in house.told("alerting", RaiseAlert)]
    assert codes.count("kill_file_unwritable") == 1


def test_full_disk_has_a_bare_file_that_is_filled_when_there_is_room(tmp_path: Path) -> None:
    file = FakeKillFile()
    file.full = True
    house = SwitchHouse(tmp_path, kill_file=file)
    house.advance(10)
    answer = arm(house)
    assert isinstance(answer, KillSwitchArmed)
    assert answer.not_on_disk is None
    assert file.content == b""
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


def test_cause_that_is_added_to_the_file_while_armed_is_taken_up(house: SwitchHouse, tmp_path: Path) -> None:
    arm(house)
    with (tmp_path / "KILL").open("ab") as file:
        file.write(Arming(causes=(ArmCause.AUDIT,), reason="r", who="w", at=house.time).to_bytes())
    found = status(house)
    assert set(found.causes) == {ArmCause.OPERATOR, ArmCause.AUDIT}
    assert found.exits_blocked
    house.run()
    assert ArmCause.AUDIT in house.books.row.causes


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
