"""`state book-entry`: what it refuses. `tests/scenarios/test_restored_before_the_entry.py` has the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from cli.main import main
from core.orders.lifecycle import PositionState
from core.values import Environment
from reading.books import stored_positions
from reading.proof import books_proved
from tests.actors.state.books_room import POSITION, START, BooksRoom
from tests.cli.restores import bind, folder_with_backups, restore
from tests.fakes.traded_books import entered

BACKUP = f"{START:%Y%m%dT%H%M%SZ}"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Restored to before all that was traded."""
    found = folder_with_backups(tmp_path / "data")
    assert restore(found, "--from", found / "backups" / BACKUP) == ExitCode.OK
    return found


@pytest.fixture
def replaced(data_dir: Path) -> Path:
    (found,) = (data_dir / "replaced").iterdir()
    return found


def take_back(data_dir: Path, replaced: Path, position: str = POSITION, reason: str = "it is held") -> int:
    how = ("--from", str(replaced), "--reason", reason)
    return main(["state", "book-entry", position, *how, "--data-dir", str(data_dir)])


def test_a_plan_comes_back_once_and_the_log_proves_it(
    data_dir: Path, replaced: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert take_back(data_dir, replaced) == ExitCode.OK
    assert "in the books again. Start the engine" in capsys.readouterr().out
    (position,) = stored_positions(data_dir, everything=True)
    assert (position.position_id, position.state) == (POSITION, PositionState.PROPOSED)
    assert books_proved(data_dir).lines() == ()
    assert take_back(data_dir, replaced) == ExitCode.BAD_INPUT
    assert "expected a position that the books do not know" in capsys.readouterr().err


def test_another_position_folder_or_reason_is_named_and_changes_nothing(
    data_dir: Path, replaced: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (data_dir / "cerbero.db").read_bytes()
    assert take_back(data_dir, replaced, position="p-other") == ExitCode.BAD_INPUT
    assert f"p-other: expected a position of {replaced / 'audit'} ({POSITION}" in capsys.readouterr().err
    assert take_back(data_dir, replaced / "none") == ExitCode.BAD_INPUT
    assert capsys.readouterr().err == (
        f"error: --from {replaced / 'none'}: expected what a restore has put aside (replaced/UTC, "
        "with audit/), found none\n"
    )
    assert take_back(data_dir, replaced, reason=" ") == ExitCode.BAD_INPUT
    assert "--reason: expected why it is taken back" in capsys.readouterr().err
    assert (data_dir / "cerbero.db").read_bytes() == before


def test_a_damaged_log_is_read_as_far_as_it_goes_and_says_so(
    data_dir: Path, replaced: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = (replaced / "audit").glob("*.jsonl")
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[4]]))
    assert take_back(data_dir, replaced) == ExitCode.BAD_INPUT
    assert f"{POSITION}: expected a position of" in (told := capsys.readouterr().err)
    assert "(none) up to 3:" in told
    path.write_bytes(b"".join([*lines[:-1], b"{}\n"]))
    assert take_back(data_dir, replaced) == ExitCode.OK


@pytest.mark.parametrize(("account", "environment"), [("A2", Environment.PAPER), ("A1", Environment.TESTNET)])
def test_a_log_of_another_account_is_refused(
    data_dir: Path,
    tmp_path: Path,
    account: str,
    environment: Environment,
    capsys: pytest.CaptureFixture[str],
) -> None:
    room = BooksRoom(tmp_path / "other").start()
    bind(room, account, environment)
    entered(room)
    room.stop()
    assert take_back(data_dir, tmp_path / "other") == ExitCode.BAD_INPUT
    assert "expected a log of " in capsys.readouterr().err


def test_books_that_were_never_restored_are_refused(
    tmp_path: Path, replaced: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    room = BooksRoom(tmp_path / "plain").start()
    bind(room)
    room.stop()
    assert take_back(tmp_path / "plain", replaced) == ExitCode.BAD_INPUT
    assert "expected books that were restored from a backup" in capsys.readouterr().err
