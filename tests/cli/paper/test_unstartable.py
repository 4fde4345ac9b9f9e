"""A room that fails at every start: the run ends with the reason, and heeds signals meanwhile."""

from __future__ import annotations

import math
import os
import signal
from pathlib import Path

import pytest

from actors.execution import Execution
from actors.runtime import Actor
from actors.state import State
from cli.exit_codes import ExitCode
from cli.main import main


def paper(folder: Path) -> int:
    return main(["paper", "--days", "0.1", "--no-ui", "--data-dir", str(folder / "data"), "--seed", "1"])


@pytest.mark.parametrize("room", [pytest.param(State, marks=pytest.mark.soak), Execution])
def test_a_room_that_can_not_start_ends_the_run_with_its_reason(
    tmp_path: Path, room: type[Actor], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Market time stood still for the start, and with it the pause before the next try: for ever."""

    def fail(_: Actor) -> None:
        raise RuntimeError("played: it can't start")

    monkeypatch.setattr(room, "on_start", fail)
    monkeypatch.setattr("cli.paper.run.START_WITHIN_S", 0.2)
    assert paper(tmp_path) == ExitCode.FOUND_WRONG
    said = capsys.readouterr().err
    assert "error: the engine gave up: its root used up its restarts" in said
    assert "played: it can't start" in said


@pytest.mark.soak
def test_a_signal_ends_a_start_that_does_not_end_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Actor) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        raise RuntimeError("played: it can't start")

    monkeypatch.setattr(Execution, "on_start", fail)
    monkeypatch.setattr("cli.paper.run.START_WITHIN_S", math.inf)
    assert paper(tmp_path) == ExitCode.OK
