"""`top`: it draws what it finds, says when that is old, and ends with the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from cli.watching import watch
from core.errors import EngineNotRunningError, NoAnswerError
from core.messages.engine_status import EngineStatus
from tests.cli.support import Cli
from tests.fakes.engine_status import STATES


def seen(*answers: EngineStatus | Exception) -> list[tuple[EngineStatus, str]]:
    """What is drawn while the engine answers so; the last drawing ends it."""
    coming, drawn, end = list(answers), [], Event()

    def look() -> EngineStatus:
        answer = coming.pop(0)
        if not coming:
            end.set()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def draw(status: EngineStatus, note: str) -> None:
        drawn.append((status, note))

    look_first: Callable[[], EngineStatus] = look
    watch(look_first(), look, draw, end, 0.0)
    return drawn


def test_each_look_is_drawn() -> None:
    assert seen(STATES["empty"], STATES["armed"]) == [(STATES["empty"], ""), (STATES["armed"], "")]


def test_an_engine_that_answers_late_keeps_its_last_screen_which_says_so() -> None:
    drawn = seen(STATES["empty"], NoAnswerError("no answer within 40 s"), STATES["armed"])
    assert [status for status, _ in drawn] == [STATES["empty"], STATES["empty"], STATES["armed"]]
    assert drawn[1][1] == "NO ANSWER, this is of 14:04:00Z: no answer within 40 s"
    assert drawn[2][1] == ""


def test_the_view_ends_with_the_engine() -> None:
    with pytest.raises(EngineNotRunningError):
        seen(STATES["empty"], EngineNotRunningError("no engine runs"), STATES["empty"])


def test_without_a_terminal_it_names_the_command_that_prints(cli: Cli, tmp_path: Path) -> None:
    ran = cli("top", "--data-dir", tmp_path)
    assert ran.code == 2
    assert f"run.py status --data-dir {tmp_path} prints one page" in ran.err
