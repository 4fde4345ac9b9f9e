"""What a restore says and leaves on a bad night: a full disk, an older version, a clock that was set back."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from actors.state.backup import backups
from actors.state.seals import offer_seals
from cli import restoring
from cli.data_folder import locked
from cli.exit_codes import ExitCode
from cli.main import main
from reading.proof import books_proved
from tests.actors.state.books_room import BooksRoom, opened
from tests.cli.restores import LATER, backed_up, flipped, folder_with_backups, restore, tree


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_with_backups(tmp_path_factory.mktemp("restoring") / "data")


@pytest.fixture
def data_dir(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data", copy_function=shutil.copy2))


@pytest.fixture(params=[0, 1], ids=["with its database", "rebuilt from its log"])
def backup(data_dir: Path, request: pytest.FixtureRequest) -> Path:
    found = backups(data_dir)
    assert [(path / "cerbero.db").exists() for path in found] == [True, False]
    number: int = request.param
    return found[number]


def test_backup_of_before_an_upgrade_of_the_schema_is_proved_and_restored(data_dir: Path) -> None:
    """It has rows of an older form; the day of an upgrade is one on which a backup is needed."""
    backup = backups(data_dir)[0]
    (backup / "backup.json").unlink()
    older(backup)
    before = tree(backup)
    assert restore(data_dir, "--from", backup, "--dry-run") == ExitCode.OK
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    assert books_proved(data_dir).ok
    assert tree(backup) == before


def test_folder_of_before_an_upgrade_is_proved_as_it_is(tmp_path: Path) -> None:
    """What newer tables would hold did not happen in it."""
    room = BooksRoom(tmp_path).start()
    opened(room)
    room.stop()
    older(tmp_path)
    assert main(["audit", "verify", "--books", "--data-dir", str(tmp_path)]) == ExitCode.OK


def older(folder: Path) -> None:
    """Take back the migrations from `venue_texts` on."""
    with closing(sqlite3.connect(folder / "cerbero.db")) as db:
        offer_seals(db)
        db.executescript(
            "DROP TABLE alert_numbers;"
            "DROP INDEX alerts_by_severity;"
            "DROP INDEX alert_channels_undelivered;"
            "ALTER TABLE alert_channels DROP COLUMN tried_at;"
            "ALTER TABLE alert_channels DROP COLUMN parked_at;"
            "UPDATE alert_channels SET seal = seal(alert_id, channel, delivered_at);"
            "CREATE INDEX alert_channels_undelivered ON alert_channels (channel, alert_id)"
            " WHERE delivered_at IS NULL;"
        )
        db.execute("PRAGMA user_version = 7")
        db.commit()


def test_two_restores_within_a_second_keep_what_each_has_replaced(
    data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a clock that was set back gives the same name twice."""
    monkeypatch.setattr("cli.restoring.now", lambda: LATER)
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    assert len(list((data_dir / "replaced").iterdir())) == 2
    with locked(data_dir, Path):
        assert books_proved(data_dir).ok


def test_what_somebody_laid_into_a_restore_that_was_cut_short_does_not_keep_it_from_its_end(
    data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share or a file manager leaves files of its own; they are kept with what was replaced."""
    finish = restoring.finished

    def laid(folder: Path) -> Path | None:
        for begun in folder.glob("restoring-*"):
            (begun / ".nfs0001").write_bytes(b"theirs")
        return finish(folder)

    monkeypatch.setattr(restoring, "finished", laid)
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    [aside] = (data_dir / "replaced").iterdir()
    assert [path.read_bytes() for path in aside.rglob(".nfs0001")] == [b"theirs"]
    with locked(data_dir, Path):
        assert books_proved(data_dir).ok


@pytest.mark.parametrize(
    "place", ["shutil.copy2", "actors.state.rebuild.migrate", "cli.offline_records.append_bytes"]
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
    hint = "loses nothing of this: run.py state rebuild --data-dir "
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
    assert "run.py kill-switch disarm --data-dir " in said
    assert "--accept-audit-break" in said
