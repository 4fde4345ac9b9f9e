"""What a person is asked before a message, what they are told after it, and how the command ends."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pytest

from actors.control.injectable import INJECTABLE
from actors.control.wire import ControlAnswer, answer_of
from cli.exit_codes import ExitCode
from cli.questions import needs_yes, question_about
from core.messages.base import Event
from core.messages.control import InjectAccepted, InjectDone
from core.messages.execution import AllClosed
from core.messages.kill_switch import EntriesPaused, EntriesResumed
from core.orders.books import LatchSource
from core.values import PositionId
from tests.cli.support import Cli
from tests.fakes.held_folder import held_folder

SAID = ("--reason", "a drill")
NEW = ("ResumeEntries", "CloseAll", "CancelOrders", "RestartActor")


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def done(message: str, answer: Event) -> list[ControlAnswer]:
    """The engine takes the message and tells its end."""
    body = answer.model_dump_json()
    ended = InjectDone(request_id="i", message=message, answer=type(answer).__name__, body=body)
    return [*accepted(message, more=True), answer_of(ended)]


def accepted(message: str, *, more: bool = False) -> list[ControlAnswer]:
    return [answer_of(InjectAccepted(request_id="i", message=message, on_disk=True), more=more)]


def fields(message: str) -> list[str]:
    return ["--actor", "decision"] if message == "RestartActor" else []


@pytest.mark.parametrize("message", NEW)
def test_what_trades_restarts_or_resumes_needs_yes_where_nobody_can_be_asked(
    cli: Cli, tmp_path: Path, message: str
) -> None:
    with held_folder(tmp_path, accepted(message)) as asked:
        ran = cli("inject", message, *fields(message), *SAID, "--data-dir", tmp_path)
    assert ran.code == ExitCode.BAD_INPUT
    assert f"{message}: expected --yes, because nobody can be asked here." in ran.err
    assert asked == [], "nothing was sent"


@pytest.mark.parametrize("message", NEW)
def test_with_yes_nothing_is_asked(cli: Cli, tmp_path: Path, message: str) -> None:
    with held_folder(tmp_path, accepted(message)) as asked:
        ran = cli("inject", message, *fields(message), *SAID, "--yes", "--wait", "0", "--data-dir", tmp_path)
    assert ran.code == ExitCode.OK, ran.err
    assert [request.message for request in asked] == [message]


@pytest.mark.parametrize(("typed", "sent"), [("y\n", ["CloseAll"]), ("n\n", []), ("\n", [])])
def test_on_a_terminal_the_person_is_told_what_will_happen_and_decides(
    cli: Cli, tmp_path: Path, typed: str, sent: list[str]
) -> None:
    cli.monkeypatch.setattr(sys, "stdin", Terminal(typed))
    with held_folder(tmp_path, accepted("CloseAll")) as asked:
        ran = cli("close", "--all", *SAID, "--wait", "0", "--data-dir", tmp_path)
    assert [request.message for request in asked] == sent
    assert ran.code == (ExitCode.OK if sent else ExitCode.FOUND_WRONG)
    assert "Every open position is bought back with reduce-only orders" in ran.err


def test_older_messages_ask_on_a_terminal_and_go_without_one(cli: Cli, tmp_path: Path) -> None:
    message = ("inject", "ClosePosition", "--position", "p-1", *SAID, "--wait", "0", "--data-dir", tmp_path)
    with held_folder(tmp_path, accepted("ClosePosition")) as asked:
        assert cli(*message).code == ExitCode.OK
        cli.monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
        ran = cli(*message)
    assert "p-1 is bought back" in ran.err
    assert len(asked) == 1


def test_every_question_is_about_a_message_that_there_is() -> None:
    body = {"position_id": "p-1", "actor": "decision"}
    assert {name for name in INJECTABLE if question_about(name, body)} == {
        *NEW,
        "ClosePosition",
        "RunEntryCycle",
    }
    assert {name for name in INJECTABLE if needs_yes(name)} == set(NEW)


def test_still_under_way_after_the_wait_is_an_exit_code_of_its_own(cli: Cli, tmp_path: Path) -> None:
    answers = [*accepted("BackupNow", more=True), *accepted("BackupNow")]
    with held_folder(tmp_path, answers):
        ran = cli("inject", "BackupNow", *SAID, "--wait", "2", "--data-dir", tmp_path)
    assert ran.code == 4
    assert "on disk and under way after 2 s; an alert will tell its end" in ran.out


def test_who_does_not_wait_is_not_told_that_it_took_too_long(cli: Cli, tmp_path: Path) -> None:
    with held_folder(tmp_path, accepted("BackupNow")):
        ran = cli("inject", "BackupNow", *SAID, "--wait", "0", "--data-dir", tmp_path)
    assert ran.code == ExitCode.OK


def test_a_pause_is_one_short_command(cli: Cli, tmp_path: Path) -> None:
    answer = EntriesPaused(request_id="i", reason="a drill", who="ann")
    with held_folder(tmp_path, done("PauseEntries", answer)) as asked:
        ran = cli("pause", *SAID, "--data-dir", tmp_path)
    assert ran.code == ExitCode.OK, ran.err
    assert "no position is opened until somebody resumes entries" in ran.out
    assert [(request.message, request.body) for request in asked] == [("PauseEntries", {"reason": "a drill"})]


def test_a_pause_that_holds_in_memory_only_is_found_wrong(cli: Cli, tmp_path: Path) -> None:
    answer = EntriesPaused(request_id="i", reason="a drill", who="ann", not_on_disk="disk_full")
    with held_folder(tmp_path, done("PauseEntries", answer)):
        ran = cli("pause", *SAID, "--data-dir", tmp_path)
    assert ran.code == ExitCode.FOUND_WRONG
    assert "only until the engine is restarted: the books can't be written (disk_full)" in ran.out
    assert "paused in memory only" in ran.err


def test_a_resumption_says_what_still_blocks(cli: Cli, tmp_path: Path) -> None:
    answer = EntriesResumed(
        request_id="i", lifted=(LatchSource.OPERATOR,), still_blocked_by=("protections: drawdown",)
    )
    with held_folder(tmp_path, done("ResumeEntries", answer)) as asked:
        ran = cli("resume", "--source", "operator", *SAID, "--yes", "--data-dir", tmp_path)
    assert ran.code == ExitCode.OK, ran.err
    assert "entries are still blocked: protections: drawdown" in ran.out
    assert asked[0].body == {"reason": "a drill", "source": "operator"}


def test_close_all_can_pause_entries_first(cli: Cli, tmp_path: Path) -> None:
    with held_folder(tmp_path, accepted("CloseAll")) as asked:
        ran = cli("close", "--all", "--pause", *SAID, "--yes", "--wait", "0", "--data-dir", tmp_path)
    assert ran.code == ExitCode.OK, ran.err
    assert [request.message for request in asked] == ["PauseEntries", "CloseAll"]


def test_close_tells_what_was_closed(cli: Cli, tmp_path: Path) -> None:
    answer = AllClosed(request_id="i", closed=(PositionId("p-1"),))
    with held_folder(tmp_path, done("CloseAll", answer)):
        ran = cli("close", "--all", *SAID, "--yes", "--data-dir", tmp_path)
    assert "no position is open any more: p-1" in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["close", *SAID], "expected a position's id or --all, found none"),
        (["close", "p-1", "--all", *SAID], "expected a position's id or --all, found both"),
        (["pause", "--reason", " "], "expected --reason TEXT, found a blank"),
        (["resume", "--reason", " "], "expected --reason TEXT, found a blank"),
        (["resume", "--source", "health", *SAID], "source: found 'health'"),
        (["inject", "RestartActor", "--actor", "state", *SAID], "expected another room: every room waits"),
        (["inject", "RestartActor", "--actor", "nobody", *SAID], "expected one of alerting, mcp.orders"),
        (["inject", "SendTestAlert", "--severity", "LOUD", *SAID], "severity: found 'LOUD'"),
        (["inject", "BackupNow"], "expected --reason TEXT, found none"),
        (["inject", "RecalibrateKelly"], "expected --reason TEXT, found none"),
    ],
)
def test_bad_fields_are_named_and_nothing_is_sent(
    cli: Cli, tmp_path: Path, arguments: list[str], said: str
) -> None:
    with held_folder(tmp_path, accepted("X")) as asked:
        ran = cli(*arguments, "--data-dir", tmp_path)
    assert ran.code == ExitCode.BAD_INPUT
    assert said in ran.err
    assert asked == []


@pytest.mark.parametrize("command", [("pause",), ("resume", "--yes"), ("close", "--all", "--yes")])
def test_short_commands_say_that_no_engine_runs(cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    ran = cli(*command, *SAID, "--data-dir", tmp_path)
    assert ran.code == ExitCode.NOT_RUNNING
