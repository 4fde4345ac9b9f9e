"""Arming in three steps, disarming in the reverse order, and what survives a crash in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.runtime.testing import DEFAULT_NOW, FakeReply
from core.alerts import AlertCode
from core.kill_file import parse_kill_file
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditBoot, SwitchWord
from core.messages.base import Refused
from core.messages.execution import WithdrawEntries
from core.messages.kill_switch import (
    ArmKillSwitch,
    DisarmKillSwitch,
    GetKillSwitch,
    KillSwitchArmed,
    KillSwitchDisarmed,
    Permit,
    PermitSpent,
    PermitVoid,
)
from core.messages.room_status import (
    AuditHead,
    KillSwitchStatus,
)
from core.messages.state import RecordKillSwitch
from tests.fakes.kill_switch import SwitchHouse, request


def status(house: SwitchHouse) -> KillSwitchStatus:
    found = house.ask("kill_switch", GetKillSwitch())
    assert isinstance(found, KillSwitchStatus)
    return found


def arm(house: SwitchHouse, cause: ArmCause = ArmCause.OPERATOR) -> object:
    return house.ask("kill_switch", ArmKillSwitch(cause=cause, reason="stop", who="ada"))


def disarm(house: SwitchHouse, *, accept_audit_break: bool = False) -> object:
    command = DisarmKillSwitch(reason="fine now", who="ada", accept_audit_break=accept_audit_break)
    answer = house.ask("kill_switch", command)
    house.run()
    return answer.outcome if isinstance(answer, FakeReply) else answer


def answered(reply: object) -> bool:
    """Whether a deferred reply has been given."""
    assert isinstance(reply, FakeReply)
    return reply.answered


def give_permit(house: SwitchHouse) -> Permit:
    answer = house.ask("kill_switch", request())
    assert isinstance(answer, Permit)
    return answer


def test_arming_without_permits_out_is_acknowledged_at_once(house: SwitchHouse) -> None:
    answer = arm(house)
    assert isinstance(answer, KillSwitchArmed)
    assert answer.who == "ada"


def test_file_is_written_before_the_acknowledgement_and_the_row_follows(
    house: SwitchHouse, tmp_path: Path
) -> None:
    arm(house)
    [arming] = parse_kill_file((tmp_path / "KILL").read_bytes()).armings
    assert (arming.causes, arming.reason, arming.who) == ((ArmCause.OPERATOR,), "stop", "ada")
    assert house.told("state", RecordKillSwitch) == []
    house.run()
    assert house.books.row.armed


def test_every_arming_has_an_id_so_that_no_disarming_takes_another_away(
    house: SwitchHouse, tmp_path: Path
) -> None:
    arm(house)
    arm(house, ArmCause.PROBES)
    (tmp_path / "KILL").write_bytes((tmp_path / "KILL").read_bytes() + b"by hand")
    status(house)
    ids = [arming.arming_id for arming in parse_kill_file((tmp_path / "KILL").read_bytes()).armings]
    assert len(ids) == len(set(ids)) == 3
    assert "" not in ids


def test_every_arming_tells_execution_to_withdraw_entries(house: SwitchHouse) -> None:
    for cause in (ArmCause.OPERATOR, ArmCause.PROBES):
        arm(house, cause)
        house.run()
    assert house.told("execution", WithdrawEntries) == [WithdrawEntries(reason="stop")] * 2


def test_a_new_incarnation_that_is_armed_tells_execution(house: SwitchHouse, tmp_path: Path) -> None:
    """By the file at its start, by the row alone when state has told it."""
    arm(house)
    house.run()
    house.restart()
    assert len(house.told("execution", WithdrawEntries)) == 2
    (tmp_path / "KILL").unlink()
    house.restart()
    assert len(house.told("execution", WithdrawEntries)) == 3


def test_arming_waits_for_a_permit_that_is_out(house: SwitchHouse) -> None:
    given = give_permit(house)
    reply = arm(house)
    assert isinstance(reply, FakeReply)
    assert not reply.answered
    house.tell("kill_switch", PermitSpent(permit_id=given.permit_id, label=given.label))
    assert isinstance(reply.outcome, KillSwitchArmed)


def test_arming_takes_a_void_permit_as_returned(house: SwitchHouse) -> None:
    given = give_permit(house)
    reply = arm(house)
    void = PermitVoid(permit_id=given.permit_id, label=given.label, reason="armed")
    house.tell("kill_switch", void)
    assert isinstance(reply, FakeReply)
    assert reply.answered


def assert_acknowledged_when_it_lapses(house: SwitchHouse) -> None:
    """An arming waits for the permit that is out until it lapses, and no longer."""
    reply = arm(house)
    assert isinstance(reply, FakeReply)
    house.advance(3.99)
    assert not reply.answered
    house.advance(0.01)
    assert reply.answered


def test_arming_is_acknowledged_a_second_past_the_expiry_of_a_permit_that_never_returns(
    house: SwitchHouse,
) -> None:
    give_permit(house)
    assert_acknowledged_when_it_lapses(house)


@pytest.mark.parametrize("set_s", [-600.0, 3600.0])
def test_a_permit_lapses_after_as_much_time_wherever_the_clock_is_set(
    house: SwitchHouse, set_s: float
) -> None:
    """Its order may be on its way as long as before; and a person does not wait until the clock is there."""
    give_permit(house)
    house.set_clock(set_s)
    assert_acknowledged_when_it_lapses(house)


@pytest.mark.parametrize("set_s", [-600.0, 3600.0])
def test_the_permit_of_an_incarnation_before_lapses_wherever_the_clock_is_set(
    house: SwitchHouse, set_s: float
) -> None:
    house.restart()
    house.set_clock(set_s)
    assert_acknowledged_when_it_lapses(house)


def test_no_permit_from_the_first_step_on(house: SwitchHouse) -> None:
    give_permit(house)
    arm(house)
    answer = house.ask("kill_switch", request(label="p-entry-1:e2"))
    assert "armed" in answer.reasons  # type: ignore[attr-defined]


def test_new_incarnation_counts_one_permit_as_out_for_one_lifetime(house: SwitchHouse) -> None:
    """The incarnation before may have given one; its ledger is gone."""
    house.restart()
    assert_acknowledged_when_it_lapses(house)


@pytest.mark.raises_alert(AlertCode.ARMED_AT_START)
def test_file_alone_means_armed_after_a_restart(house: SwitchHouse, tmp_path: Path) -> None:
    arm(house)
    house.queue.clear()
    house.restart()
    found = status(house)
    assert found.armed
    assert found.reason == "stop"
    assert house.books.row.armed


def test_row_alone_means_armed_and_writes_the_file_anew(house: SwitchHouse, tmp_path: Path) -> None:
    """Removing the file by hand does not disarm."""
    arm(house)
    house.run()
    (tmp_path / "KILL").unlink()
    house.restart()
    assert status(house).armed
    assert (tmp_path / "KILL").exists()


def test_removing_the_file_while_it_runs_does_not_disarm(house: SwitchHouse, tmp_path: Path) -> None:
    arm(house)
    (tmp_path / "KILL").unlink()
    assert status(house).armed


@pytest.mark.parametrize("content", [b"", b"not json", b'{"armed": true}'])
def test_bare_kill_file_laid_by_hand_arms(house: SwitchHouse, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "KILL").write_bytes(content)
    answer = house.ask("kill_switch", request())
    assert "armed" in answer.reasons  # type: ignore[attr-defined]
    assert status(house).causes == (ArmCause.KILL_FILE,)
    assert parse_kill_file((tmp_path / "KILL").read_bytes()).named_causes == {ArmCause.KILL_FILE}


def test_restart_while_armed_records_nothing_a_second_time(house: SwitchHouse) -> None:
    arm(house)
    house.run()
    before = len(house.told("state", RecordKillSwitch))
    house.restart()
    assert len(house.told("state", RecordKillSwitch)) == before


def test_causes_add_up_and_the_first_reason_stays(house: SwitchHouse) -> None:
    arm(house)
    arm(house, ArmCause.RECOVERY)
    found = status(house)
    assert set(found.causes) == {ArmCause.OPERATOR, ArmCause.RECOVERY}
    assert found.exits_blocked


def test_repeated_arming_is_acknowledged_again(house: SwitchHouse) -> None:
    assert isinstance(arm(house), KillSwitchArmed)
    assert isinstance(arm(house), KillSwitchArmed)


def test_disarming_writes_the_row_before_the_file_goes(house: SwitchHouse, tmp_path: Path) -> None:
    arm(house)
    house.run()
    house.books.silent = {RecordKillSwitch}
    command = DisarmKillSwitch(reason="fine now", who="ada")
    reply = house.ask("kill_switch", command)
    house.run()
    assert (tmp_path / "KILL").exists()
    assert status(house).armed
    house.books.silent = set()
    house.advance(5)
    assert isinstance(reply, FakeReply)
    assert isinstance(reply.outcome, KillSwitchDisarmed)
    assert not (tmp_path / "KILL").exists()
    assert not status(house).armed
    house.restart()
    assert not status(house).armed, "neither file nor row arms the next start"


def test_disarming_what_is_not_armed_is_refused(house: SwitchHouse) -> None:
    answer = disarm(house)
    assert isinstance(answer, Refused)
    assert answer.reasons == ("not_armed",)


def test_audit_break_must_be_accepted_by_name(house: SwitchHouse) -> None:
    arm(house, ArmCause.AUDIT)
    house.run()
    refused = disarm(house)
    assert isinstance(refused, Refused)
    assert refused.reasons == ("audit_break_not_accepted",)
    assert isinstance(disarm(house, accept_audit_break=True), KillSwitchDisarmed)


def test_state_that_refuses_leaves_it_armed(house: SwitchHouse, tmp_path: Path) -> None:
    arm(house)
    house.run()
    house.books.refuse = {RecordKillSwitch: "degraded"}
    refused = disarm(house)
    assert isinstance(refused, Refused)
    assert refused.reasons == ("degraded",)
    assert (tmp_path / "KILL").exists()
    house.books.refuse = {}
    assert isinstance(disarm(house), KillSwitchDisarmed)


def test_arming_during_a_disarming_wins(house: SwitchHouse, tmp_path: Path) -> None:
    arm(house)
    house.run()
    house.books.silent = {RecordKillSwitch}
    reply = house.ask("kill_switch", DisarmKillSwitch(reason="fine now"))
    house.run()
    arm(house, ArmCause.PROBES)
    house.books.silent = set()
    house.advance(10)
    assert isinstance(reply, FakeReply)
    assert isinstance(reply.outcome, Refused)
    assert reply.outcome.reasons == ("armed_again",)
    assert status(house).armed
    assert (tmp_path / "KILL").exists()
    assert house.books.row.armed


def test_disarming_is_refused_while_an_arming_is_not_acknowledged(house: SwitchHouse, tmp_path: Path) -> None:
    given = give_permit(house)
    reply = arm(house)
    assert not answered(reply)
    refused = disarm(house)
    assert isinstance(refused, Refused)
    assert refused.reasons == ("busy",)
    assert (tmp_path / "KILL").exists()
    house.tell("kill_switch", PermitSpent(permit_id=given.permit_id, label=given.label))
    assert answered(reply)
    assert isinstance(disarm(house), KillSwitchDisarmed)


def test_disarming_is_refused_until_the_row_is_known(tmp_path: Path) -> None:
    house = SwitchHouse(tmp_path, row_known=False)
    arm(house)
    refused = disarm(house)
    assert isinstance(refused, Refused)
    assert refused.reasons == ("kill_switch_row_unknown",)


def test_second_disarming_is_refused_while_the_first_is_not_recorded(house: SwitchHouse) -> None:
    arm(house)
    house.run()
    house.books.silent = {RecordKillSwitch}
    house.ask("kill_switch", DisarmKillSwitch(reason="fine now"))
    refused = disarm(house)
    assert isinstance(refused, Refused)
    assert refused.reasons == ("busy",)


def told_last_word(house: SwitchHouse, word: SwitchWord) -> None:
    head = AuditHead(seq=9, hash="0" * 64)
    house.tell("kill_switch", AuditBoot(ok=True, restored=False, records=9, head=head, last_word=word))


def last_word(*causes: ArmCause, armed: bool = True) -> SwitchWord:
    return SwitchWord(armed=armed, causes=causes, reason="stop", who="ada", at=DEFAULT_NOW)


def test_armed_if_the_logs_last_word_is_armed_whatever_row_and_file_say(house: SwitchHouse) -> None:
    told_last_word(house, last_word(ArmCause.RECOVERY))
    found = status(house)
    assert (found.armed, found.causes, found.exits_blocked) == (True, (ArmCause.RECOVERY,), True)
    assert house.kill_file.read() is not None
    assert house.books.row.armed


def test_a_last_word_adds_the_causes_that_row_and_file_lack(house: SwitchHouse) -> None:
    arm(house)
    told_last_word(house, last_word(ArmCause.OPERATOR, ArmCause.AUDIT))
    assert status(house).causes == (ArmCause.AUDIT, ArmCause.OPERATOR)


def test_a_last_word_that_says_what_is_known_is_no_second_arming(house: SwitchHouse, tmp_path: Path) -> None:
    """Every start of an armed engine hears one."""
    arm(house)
    house.run()
    before = len(house.told("state", RecordKillSwitch))
    told_last_word(house, last_word(ArmCause.OPERATOR))
    assert len(house.told("state", RecordKillSwitch)) == before
    assert len(parse_kill_file((tmp_path / "KILL").read_bytes()).armings) == 1


def test_a_last_word_of_a_cause_from_a_newer_version_arms(house: SwitchHouse) -> None:
    head = AuditHead(seq=9, hash="0" * 64)
    word = SwitchWord(armed=True, causes=("moon",), reason="stop", who="ada", at=DEFAULT_NOW)
    house.tell("kill_switch", AuditBoot(ok=True, restored=False, records=9, head=head, last_word=word))
    assert status(house).armed


def test_a_last_word_of_disarmed_neither_arms_nor_disarms(house: SwitchHouse) -> None:
    told_last_word(house, last_word(armed=False))
    assert not status(house).armed
    arm(house)
    told_last_word(house, last_word(armed=False))
    assert status(house).armed
