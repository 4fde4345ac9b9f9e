"""A folder that is no engine's, or none at all, is named as that, and nothing is concluded from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.dry_cycle import known_engine
from core.messages.arm_cause import ArmCause
from core.strategy import Strategy
from reading.engine_lock import LOCK
from reading.errors import DataFolderError
from tests.cli.support import Cli
from tests.cli.test_kill_switch_status import lay


def _foreign(folder: Path) -> Path:
    (folder / "notes").mkdir(parents=True)
    (folder / "notes" / "a.txt").write_text("mine", "utf-8")
    return folder


@pytest.mark.parametrize("command", [("kill-switch", "status"), ("kill-switch", "status", "--json")])
@pytest.mark.parametrize("empty", [False, True])
def test_what_is_no_engines_folder_is_not_called_clear(
    cli: Cli, tmp_path: Path, command: tuple[str, ...], empty: bool
) -> None:
    folder = tmp_path if empty else _foreign(tmp_path / "theirs")
    ran = cli(*command, "--data-dir", folder)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"error: --data-dir {folder}: expected an engine's folder (with {LOCK} or cerbero.db), "
        "found neither\n"
    )


@pytest.mark.parametrize("name", ["KILL", "KILL.disarming"])
def test_an_arming_alone_is_shown(cli: Cli, tmp_path: Path, name: str) -> None:
    """Laid before the first start, which will find it."""
    lay(tmp_path, ArmCause.OPERATOR, name=name)
    assert "armed" in cli("kill-switch", "status", "--data-dir", tmp_path).out


def test_a_folder_of_which_only_the_lock_is_there_is_an_engines(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    ran = cli("kill-switch", "status", "--data-dir", tmp_path)
    assert (ran.code, ran.out) == (0, "clear\n")


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("stop",),
        ("pause", "--reason", "x"),
        ("resume", "--reason", "x", "--yes"),
        ("healthcheck",),
        ("kill-switch", "status"),
        ("kill-switch", "arm", "--reason", "x"),
        ("kill-switch", "disarm", "--reason", "x"),
    ],
    ids=" ".join,
)
def test_a_file_is_no_folder(cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "file"
    file.write_text("mine", "utf-8")
    ran = cli(*command, "--data-dir", file)
    assert ran.code == 2
    assert f"--data-dir {file}: expected a folder, found " in ran.err
    assert "lock" not in ran.err


def test_a_dry_run_says_whose_state_it_decides_by(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped folder must not pass for an engine that is not armed."""
    known_engine(tmp_path / "none", Strategy())
    assert capsys.readouterr().err == (
        f"warning: --data-dir {tmp_path / 'none'}: there is no such folder: decided as for an engine "
        "that has not run yet, without positions and not armed\n"
    )
    with pytest.raises(DataFolderError, match="expected an engine's folder"):
        known_engine(_foreign(tmp_path / "theirs"), Strategy())
    (tmp_path / "ours").mkdir()
    lay(tmp_path / "ours", ArmCause.OPERATOR)
    assert known_engine(tmp_path / "ours", Strategy()).switch.armed
    assert capsys.readouterr().err == ""
