"""`kill-switch disarm` says disarmed only if the engine does, and names in words what keeps it armed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.control.wire import ControlAnswer, RequestName, answer_of
from actors.kill_switch import DiskKillFile
from core.kill_file import Arming
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.control import InjectAccepted, InjectDone
from core.messages.kill_switch import KillSwitchDisarmed
from tests.cli.support import Cli, Ran
from tests.fakes.held_folder import held_folder

ACCEPTED = InjectAccepted(request_id="i", message="DisarmKillSwitch", on_disk=False)
NOW = datetime(2026, 1, 5, 14, tzinfo=UTC)


def disarm(cli: Cli, folder: Path, answers: Sequence[ControlAnswer]) -> Ran:
    with held_folder(folder, answers):
        return cli("kill-switch", "disarm", "--reason", "seen", "--data-dir", folder)


def outcome(answer: KillSwitchDisarmed | Refused) -> list[ControlAnswer]:
    done = InjectDone(
        request_id="i",
        message="DisarmKillSwitch",
        answer=type(answer).__name__,
        body=answer.model_dump_json(),
    )
    return [answer_of(ACCEPTED, more=True), answer_of(done)]


def test_engine_that_has_disarmed_is_believed(cli: Cli, tmp_path: Path) -> None:
    ran = disarm(cli, tmp_path, outcome(KillSwitchDisarmed(reason="seen", who="ada", at=NOW)))
    assert (ran.code, ran.out, ran.err) == (0, "disarmed\n", "")


@pytest.mark.parametrize("accepts", [False, True])
@pytest.mark.parametrize("laid", [False, True])
def test_engine_is_asked_to_disarm_what_is_in_kill_now_and_nothing_else(
    cli: Cli, tmp_path: Path, laid: bool, accepts: bool
) -> None:
    """None at all is no licence for what comes later; a broken audit chain is accepted only by name."""
    arming = Arming(arming_id="a", causes=(ArmCause.OPERATOR,), reason="stop", who="ada", at=NOW)
    if laid:
        DiskKillFile(tmp_path).add(arming)
    flags = ("--accept-audit-break",) if accepts else ()
    with held_folder(tmp_path, outcome(KillSwitchDisarmed(reason="seen", who="ada", at=NOW))) as asked:
        cli("kill-switch", "disarm", "--reason", "seen", "--data-dir", tmp_path, *flags)
    # Its status is read before, which changes nothing.
    (request,) = [each for each in asked if each.request is not RequestName.STATUS]
    assert (request.request, request.message) == (RequestName.INJECT, "DisarmKillSwitch")
    assert request.wait_s == 20.0
    expected = {"reason": "seen", "armings": [arming.arming_id] if laid else []}
    assert request.body == (expected | {"accept_audit_break": True} if accepts else expected)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("not_armed", "the switch is not armed"),
        ("busy", "try again in a few seconds"),
        ("kill_switch_row_unknown", "still starting"),
        ("audit_break_not_accepted", "add --accept-audit-break"),
        ("armed_again", "somebody armed meanwhile"),
        ("kill_file_not_removed", "the switch stays armed"),
        ("another reason", "another reason"),
    ],
)
def test_refusal_is_told_in_words(cli: Cli, tmp_path: Path, reason: str, said: str) -> None:
    ran = disarm(cli, tmp_path, outcome(Refused(request_id="i", reasons=(reason,))))
    assert ran.code == 1
    assert ran.err.startswith("error: not disarmed: ")
    assert said in ran.err


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([answer_of(ACCEPTED, more=True), answer_of(ACCEPTED)], "within 20 s "),
        ([answer_of(ACCEPTED)], "within 20 s "),
        ([answer_of(ACCEPTED, more=True)], "(engine: the connection ended without an answer; "),
        ([], "(engine: the connection ended without an answer; "),
    ],
)
def test_engine_that_does_not_answer_may_still_disarm(
    cli: Cli, tmp_path: Path, answers: list[ControlAnswer], why: str
) -> None:
    """Also one that ends, or is killed, while it is asked: the disarming may have been recorded before."""
    ran = disarm(cli, tmp_path, answers)
    assert ran.code == 1
    assert f"the engine has not confirmed the disarming {why}" in ran.err
    assert "and may still carry it out; see run.py kill-switch status --data-dir " in ran.err
    assert ran.out == ""


def test_engine_that_refuses_to_listen_does_not_disarm(cli: Cli, tmp_path: Path) -> None:
    ran = disarm(cli, tmp_path, [ControlAnswer(ok=False, error="control: 8 connections are in use")])
    assert (ran.code, ran.err) == (1, "error: control: 8 connections are in use\n")
    assert ran.out == ""
