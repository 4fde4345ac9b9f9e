"""Whatever bytes a person types, a command ends with its own answer and never with an encoder's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.control.wire import ControlAnswer, RequestName, encode
from actors.state.database import open_database
from reading.control_client import request_of
from reading.operator import operator_name
from tests.cli.support import Cli, ended, started
from tests.fakes.held_folder import held_folder

NO_TEXT = os.fsdecode(b"caf\xe9")
SHOWN = r"caf\xe9"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["stop", "--reason", NO_TEXT], 3),
        (["trace", NO_TEXT], 1),
        (["explain", NO_TEXT], 1),
        (["audit", "tail", "--kind", NO_TEXT], 2),
        (["audit", "verify", "--head", NO_TEXT], 2),
        (["kill-switch", "disarm", "--reason", NO_TEXT], 3),
        (["inject", "ClosePosition", "--position", NO_TEXT, "--reason", NO_TEXT], 3),
        (["inject", NO_TEXT], 2),
        (["inject", "ClosePosition", f"--{NO_TEXT}", "x"], 2),
        (["inject", "ClosePosition", "--position", "p", f"--reason={NO_TEXT}"], 3),
        (["state", NO_TEXT], 2),
        ([NO_TEXT], 2),
        (["status", "--data-dir", NO_TEXT], 3),
        (["config", "show", "--strategy", NO_TEXT], 2),
    ],
)
def test_a_command_takes_any_bytes(cli: Cli, tmp_path: Path, arguments: list[str], code: int) -> None:
    cli.monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "audit").mkdir(parents=True)
    ran = cli(*arguments)
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err
    assert "surrogates" not in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["stop", "--reason", NO_TEXT],
        ["trace", NO_TEXT],
        ["kill-switch", "disarm", "--reason", NO_TEXT],
        ["inject", "ClosePosition", "--position", NO_TEXT, "--reason", NO_TEXT],
    ],
)
def test_a_running_engine_is_told_any_bytes(cli: Cli, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "audit").mkdir()
    with held_folder(tmp_path, [ControlAnswer(ok=False, error="as the engine says")]):
        ran = cli(*arguments, "--data-dir", tmp_path)
    assert (ran.code, ran.err) == (1, "error: as the engine says\n")


def test_the_name_of_the_person_may_be_any_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", NO_TEXT)
    assert operator_name() == SHOWN
    assert SHOWN.replace("\\", "\\\\").encode() in encode(request_of(RequestName.PING))


def test_a_folders_name_stays_as_it_is_and_is_shown_escaped(tmp_path: Path) -> None:
    folder = tmp_path / NO_TEXT
    folder.mkdir()
    open_database(folder).close()
    assert ended(started("state", "orders", "--data-dir", folder)).code == 0
    ran = ended(started("audit", "tail", "--data-dir", folder))
    assert ran.code == 2
    assert SHOWN in ran.err
