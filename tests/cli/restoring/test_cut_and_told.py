"""`state restore` that is cut short or meets a full disk, and what it says beforehand."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from actors.state.backup import backups
from cli.data_folder import locked
from cli.exit_codes import ExitCode
from core.errors import InputError
from core.messages.audit import AuditKind
from reading.proof import books_proved
from tests.cli.restoring.support import backed_up, books_of, flipped, kinds, restore, tree


class CutError(Exception):
    """The process ends here."""


def test_a_restore_that_is_cut_short_anywhere_is_finished_or_has_changed_nothing(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And until it is finished no engine starts."""
    before, backup = books_of(data_dir), backups(data_dir)[0]
    rename = Path.rename
    steps = 0
    for cut_at in range(20):
        folder = Path(shutil.copytree(data_dir, tmp_path / f"cut-{cut_at}"))
        steps = 0

        def cut(self: Path, target: Path, cut_at: int = cut_at) -> Path:
            nonlocal steps
            steps += 1
            if steps > cut_at:
                raise CutError
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", cut)
        try:
            restore(folder, "--from", folder / "backups" / backup.name)
        except CutError:
            monkeypatch.setattr(Path, "rename", rename)
        else:
            break
        finally:
            monkeypatch.setattr(Path, "rename", rename)
        begun = any(folder.glob("restoring-*"))
        if not begun:
            assert books_of(folder) == before
            continue
        with pytest.raises(InputError, match="a restore of its books was cut short"), locked(folder, Path):
            pass
        assert restore(folder) == ExitCode.OK
        assert books_proved(folder).ok
        assert kinds(folder)[-1] == AuditKind.RESTORED
        [aside] = (folder / "replaced").iterdir()
        assert tree(aside) == before
    assert steps >= 4


@pytest.mark.parametrize(
    "place", ["shutil.copy2", "actors.state.rebuild.migrate", "cli.restoring.append_bytes"]
)
def test_a_full_disk_changes_nothing_leaves_nothing_and_is_named(
    data_dir: Path,
    place: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What was prepared until then would keep the disk full, also for the engine that is started next."""

    def full(*_: object) -> None:
        if place.endswith("migrate"):
            raise sqlite3.OperationalError("database or disk is full")
        raise OSError(errno.ENOSPC, "No space left on device")

    backup, before = backups(data_dir)[1], tree(data_dir)
    monkeypatch.setattr(place, full)
    code = restore(data_dir, "--from", backup)
    assert code in (ExitCode.BAD_INPUT, ExitCode.FOUND_WRONG)
    said = capsys.readouterr().err
    assert "restoring.draft: the books can't be prepared, nothing was changed: " in said
    assert "full" in said or "No space" in said
    assert tree(data_dir) == before | {"lock": b""}
    assert not (data_dir / "restoring.draft").exists()
    monkeypatch.undo()
    assert restore(data_dir, "--from", backup) == ExitCode.OK


def test_a_whole_log_is_named_as_what_loses_nothing(
    data_dir: Path, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Books from the log know all of it; only a log that is damaged is a reason to restore."""
    hint = "loses nothing of this: run.py state rebuild"
    assert restore(data_dir, "--from", backup, "--dry-run") == ExitCode.OK
    assert hint in capsys.readouterr().out
    (data_dir / "cerbero.db").write_bytes(b"no database" * 1000)
    assert restore(data_dir, "--from", backup, "--dry-run") == ExitCode.OK
    assert hint in capsys.readouterr().out
    flipped(sorted((data_dir / "audit").iterdir())[-1])
    assert restore(data_dir, "--from", backup, "--dry-run") == ExitCode.OK
    assert hint not in capsys.readouterr().out


def test_a_position_that_has_changed_since_the_backup_is_said_to_arm(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The restored books hold what the account does not: recovery can't reconcile that."""
    middle = backed_up(data_dir, 100)
    warning = "the account will not match"
    assert restore(data_dir, "--from", middle, "--dry-run") == ExitCode.OK
    assert warning not in capsys.readouterr().out
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        found = [row[1] for row in db.execute("PRAGMA table_info(cash_flows)")]
        columns = ", ".join(name for name in found if name not in ("ref", "number"))
        sql = f"INSERT INTO cash_flows (ref, {columns}) SELECT 'new', {columns} FROM cash_flows LIMIT 1"  # noqa: S608
        [changed] = db.execute(f"{sql} RETURNING position_id").fetchone()
        db.commit()
    assert restore(data_dir, "--from", middle, "--dry-run") == ExitCode.OK
    said = capsys.readouterr().out
    assert f"{warning} the books of {changed}: " in said


def test_an_anchor_is_said_to_arm(
    data_dir: Path, backup: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It can't tell a restore from a rollback that somebody calls a restore."""
    strategy = tmp_path / "strategy.yaml"
    strategy.write_text("audit:\n  anchor_path: /mnt/share/head\n", encoding="utf-8")
    assert restore(data_dir, "--from", backup, "--dry-run", "--strategy", strategy) == ExitCode.OK
    said = capsys.readouterr().out
    assert "the anchor /mnt/share/head holds the head of the log that is replaced" in said
    assert "kill-switch disarm --accept-audit-break" in said
