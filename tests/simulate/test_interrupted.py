"""Ctrl-C of `simulate`: it ends at once with what was done, and is no breach of what it hunts."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.state.actor import State
from cli.main import main
from lab.simulate.seeds import SeedEnd, Seeds
from lab.simulate.world import World

SIMULATE = ["simulate", "--seeds", "0:3", "--days", "0.5", "--strategy", "strategy.yaml"]


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[type, str, int], None]:
    """Ctrl-C is pressed when a method is called the nth time."""

    def at_call(where: type, method: str, nth: int) -> None:
        calls, plain = [0], getattr(where, method)

        def called(self: object, *arguments: object) -> object:
            calls[0] += 1
            if calls[0] == nth:
                signal.raise_signal(signal.SIGINT)
            return plain(self, *arguments)

        monkeypatch.setattr(where, method, called)

    return at_call


def test_within_a_handler_it_ends_the_run_and_is_no_crash_of_the_room(
    interrupt: Callable[[type, str, int], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt(State, "handle", 40)
    document, journal = tmp_path / "found.json", tmp_path / "journal"
    files = ["--json", str(document), "--journal", str(journal)]
    assert main([*SIMULATE, "--jobs", "1", *files]) == 130
    shown, told = capsys.readouterr()
    assert "interrupted: what follows is of 0 of 3 seeds" in told
    assert "breaches of 24 invariants: 0" in shown
    found = json.loads(document.read_text("utf-8"))
    assert (found["whole"], found["asked"], found["seeds"]) == (False, [0, 3], [])
    assert len(journal.read_text("utf-8").splitlines()) == 1


def test_what_was_simulated_before_it_is_kept_and_the_journal_goes_on(
    interrupt: Callable[[type, str, int], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Seed 0 is run twice.
    interrupt(World, "run", 4)
    document, journal = tmp_path / "found.json", tmp_path / "journal"
    files = ["--json", str(document), "--journal", str(journal)]
    assert main([*SIMULATE, "--jobs", "1", *files]) == 130
    assert "interrupted: what follows is of 2 of 3 seeds" in capsys.readouterr().err
    assert main([*SIMULATE, "--jobs", "1", *files]) == 0
    found = json.loads(document.read_text("utf-8"))
    assert found["whole"]
    assert [row["seed"] for row in found["seeds"]] == [0, 1, 2]


def test_with_workers_it_ends_them_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = Seeds.as_completed

    def pressed(self: Seeds, numbers: list[int], jobs: int, wanted: Callable[[], bool]) -> list[SeedEnd]:
        signal.raise_signal(signal.SIGINT)
        return list(plain(self, numbers, jobs, wanted))

    monkeypatch.setattr(Seeds, "as_completed", pressed)
    assert main([*SIMULATE, "--jobs", "2"]) == 130
    shown, told = capsys.readouterr()
    assert "interrupted: what follows is of" in told
    assert "breaches of 24 invariants: 0" in shown
