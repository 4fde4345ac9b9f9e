"""A command whose data folder lies on a disk that does not answer says so, and comes to an end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from cli.hung_folder import GIVEN_UP, HangWatch, Times
from cli.main import COMMANDS, GROUPS

SOON = Times(between_looks_s=0.0, answers_within_s=0.01, given_up_after_s=0.01)
PATIENT = Times(between_looks_s=0.0, answers_within_s=0.01, given_up_after_s=60.0)


class Disk:
    """Answers when a test says so."""

    def __init__(self) -> None:
        self.answers = Event()
        self.asked = Event()
        self.error: OSError | None = None

    def ask(self, _: Path) -> None:
        self.asked.set()
        self.answers.wait(60.0)
        if self.error is not None:
            raise self.error


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk()
    yield made
    made.answers.set()


class Left:
    """Takes the end of the process."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.happened = Event()

    def __call__(self, code: int) -> None:
        self.codes.append(code)
        self.happened.set()


def test_it_names_commands_that_there_are() -> None:
    assert {*COMMANDS, *GROUPS} >= GIVEN_UP


@pytest.mark.parametrize("command", ["status", "kill-switch"])
def test_a_command_that_waits_for_a_disk_says_so_and_ends_with_1(
    tmp_path: Path, disk: Disk, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    left = Left()
    with HangWatch(tmp_path, command, SOON, disk.ask, left).watching():
        assert left.happened.wait(60.0)
    warning, error = capfd.readouterr().err.splitlines()
    assert left.codes == [1]
    assert warning.startswith(f"warning: --data-dir {tmp_path}: its disk does not answer; this command waits")
    assert ("end the engine's process" in warning) is (command == "kill-switch")
    assert error.startswith("error: ")
    assert "given up: nobody knows what of this command was done" in error


@pytest.mark.parametrize(("command", "times"), [("status", PATIENT), ("start", SOON)])
def test_a_disk_that_answers_again_is_told_and_nothing_given_up(
    tmp_path: Path, disk: Disk, capfd: pytest.CaptureFixture[str], command: str, times: Times
) -> None:
    """An engine is not ended however long that takes: it notes by itself that its rooms hang."""
    left, said = Left(), ""
    with HangWatch(tmp_path, command, times, disk.ask, left).watching():
        while "does not answer" not in said:
            said += capfd.readouterr().err
        disk.answers.set()
        while "answers again" not in said:
            said += capfd.readouterr().err
    assert left.codes == []


@pytest.mark.parametrize("error", [None, FileNotFoundError("no folder"), OSError("stale handle")])
def test_a_disk_that_answers_or_refuses_is_no_word_of(
    tmp_path: Path, disk: Disk, capfd: pytest.CaptureFixture[str], error: OSError | None
) -> None:
    disk.error = error
    disk.answers.set()
    with HangWatch(tmp_path, "status", SOON, disk.ask, Left()).watching():
        assert disk.asked.wait(60.0)
    assert capfd.readouterr().err == ""


def test_a_command_runs_where_no_thread_can_be_started(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(**_: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("cli.hung_folder.Thread", none)
    with HangWatch(tmp_path, "status", SOON, disk.ask, Left()).watching():
        assert not disk.asked.is_set()
