"""`stop` says what became of the engine, also if the engine has closed its socket before it answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import data_folder
from cli.exit_codes import ExitCode
from tests.cli.support import Cli
from tests.fakes.held_folder import held_folder


@pytest.mark.parametrize(
    ("freed", "code", "said"),
    [(True, ExitCode.OK, "stopped"), (False, ExitCode.FOUND_WRONG, "ended without an answer")],
)
def test_an_engine_that_ends_without_an_answer_has_stopped_if_it_let_the_folder_go(
    cli: Cli, tmp_path: Path, freed: bool, code: ExitCode, said: str
) -> None:
    cli.monkeypatch.setattr(data_folder, "wait_until_free", lambda folder, timeout_s: freed)
    with held_folder(tmp_path, ()):
        ran = cli("stop", "--data-dir", tmp_path)
    assert (ran.code, said in ran.out + ran.err) == (code, True)
