"""`state restore`: log and database together, nothing lost unsaid, nothing replaced that is not kept."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from actors.audit.files import whole_lines
from actors.state.backup import backups, make_backup
from actors.state.database import open_database
from actors.state.market_file import attach_market
from cli import restoring
from cli.data_folder import locked
from cli.exit_codes import ExitCode
from cli.main import main
from core.audit.hash_chain import read_record
from core.errors import InputError
from core.kill_file import parse_kill_file
from core.messages.audit import AuditKind
from core.messages.kill_switch import ArmCause, ArmKillSwitch
from core.messages.state import BindAccount, RecordInbox, RecordKillSwitch
from core.values import Environment
from reading.proof import books_proved
from tests.actors.state.books_room import START, BooksRoom, event
from tests.fakes.held_folder import held_folder
from tests.fakes.whole_books import write_whole_books

LATER = START + timedelta(days=3)


def backed_up(data_dir: Path, at_hours: int = 0) -> Path:
    with closing(open_database(data_dir)) as db:
        attach_market(db, data_dir, START)
        return make_backup(db, data_dir, START + timedelta(hours=at_hours)).path


def bind(room: BooksRoom, account: str = "A1", environment: Environment = Environment.PAPER) -> None:
    room.tell(
        BindAccount(
            request_id="bind", environment=environment, account=account, folder="f", tag="abcdef", at=START
        )
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose backups are of before all that was traded."""
    folder = tmp_path_factory.mktemp("restoring") / "data"
    room = BooksRoom(folder).start()
    bind(room)
    room.tell(event(1))
    room.stop()
    backed_up(folder)
    backed_up(folder, 1)
    room = BooksRoom(folder).start()
    write_whole_books(room)
    room.tell(RecordInbox(request_id="cmd", at=LATER, message="RunEntryCycle", body="{}", who="ada"))
    room.stop()
    return folder


@pytest.fixture
def data_dir(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data", copy_function=shutil.copy2))


@pytest.fixture(params=[0, 1], ids=["with its database", "rebuilt from its log"])
def backup(data_dir: Path, request: pytest.FixtureRequest) -> Path:
    found = backups(data_dir)
    assert [(path / "cerbero.db").exists() for path in found] == [True, False]
    number: int = request.param
    return found[number]


def restore(data_dir: Path, *options: str | Path) -> int:
    return main(["state", "restore", "--data-dir", str(data_dir), *map(str, options)])


def tree(folder: Path) -> dict[str, bytes]:
    """Without what SQLite lays beside a database for a reader."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "-" not in path.suffix)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def kinds(data_dir: Path) -> list[str]:
    return [read_record(line).kind for line in whole_lines(data_dir / "audit")]


def test_restored_books_are_whole_and_an_engine_starts_on_them_without_an_alarm(
    data_dir: Path, backup: Path
) -> None:
    before = kinds(backup)
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    assert kinds(data_dir) == [*before, AuditKind.ROLLOVER, AuditKind.RESTORED]
    assert main(["audit", "verify", "--books", "--data-dir", str(data_dir)]) == ExitCode.OK
    room = BooksRoom(data_dir, now=LATER).start()
    bind(room)
    room.tell(event(2))
    assert not any(isinstance(told, ArmKillSwitch) for told in room.state_ctx.told_to("kill_switch"))
    assert "AUDIT_TAIL_RESTORED" not in kinds(data_dir)
    room.stop()
    assert books_proved(data_dir).ok


def test_what_is_replaced_is_kept_as_it_was_and_named(
    data_dir: Path, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(data_dir)
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    [aside] = (data_dir / "replaced").iterdir()
    kept = tree(aside)
    assert kept == {name: before[name] for name in kept}
    assert {name for name in before if name.startswith(("audit/", "cerbero.db"))} == set(kept)
    assert f"what was there is in {aside}" in capsys.readouterr().out


def test_the_log_says_what_was_restored_and_what_was_replaced(data_dir: Path, backup: Path) -> None:
    *_, last = whole_lines(data_dir / "audit")
    before = read_record(last)
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    *_, last = whole_lines(data_dir / "audit")
    said = read_record(last).detail
    assert said["backup"] == backup.name
    assert str(said["replaced_head"]).startswith(f"{before.seq}:")


def test_dry_run_names_what_would_be_lost_and_changes_nothing(
    data_dir: Path, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(data_dir)
    assert restore(data_dir, "--from", backup, "--dry-run") == ExitCode.OK
    assert tree(data_dir) == before
    said = capsys.readouterr().out
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        sql = (
            "SELECT trade_id FROM fills UNION ALL SELECT ref FROM cash_flows UNION ALL"
            " SELECT position_id FROM positions UNION ALL SELECT label FROM orders"
            " UNION ALL SELECT request_id FROM inbox"
        )
        names = [row[0] for row in db.execute(sql)]
    assert len(names) > 8
    assert [name for name in names if f"  {name}: " not in said] == []
    for word in ("trades", "orders", "fills", "cash flows", "commands", "armings"):
        assert f"{word} that the books will not know any more: " in said
    assert "  ARMED: " in said
    assert "stays at the venue" in said
    assert said.endswith("nothing was changed\n")


def test_what_only_a_damaged_folder_knows_is_named_as_far_as_it_can_be_read(
    data_dir: Path, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data_dir / "cerbero.db").write_bytes(b"no database" * 1000)
    assert restore(data_dir, "--from", backup, "--dry-run") == ExitCode.OK
    said = capsys.readouterr().out
    assert "not read, so that there may be more: " in said
    assert "  cmd: RunEntryCycle" in said


def nothing(_: Path) -> None:
    pass


@pytest.mark.parametrize("gone", [nothing, lambda data_dir: (data_dir / "cerbero.db").unlink()])
def test_a_switch_that_is_armed_stays_so(data_dir: Path, backup: Path, gone: Callable[[Path], None]) -> None:
    """The backup knows nothing of the arming, and somebody has removed `KILL`."""
    room = BooksRoom(data_dir, now=LATER).start()
    room.tell(
        RecordKillSwitch(
            request_id="k", armed=True, causes=(ArmCause.RECOVERY,), reason="why", who="w", at=LATER
        )
    )
    room.stop()
    gone(data_dir)
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    [arming] = parse_kill_file((data_dir / "KILL").read_bytes()).armings
    assert (arming.causes, arming.reason) == ((ArmCause.RECOVERY,), "armed before a restore: why")


def test_a_kill_file_stays_as_it_is(data_dir: Path, backup: Path) -> None:
    (data_dir / "KILL").write_bytes(b"by hand")
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    assert (data_dir / "KILL").read_bytes() == b"by hand"


def test_restored_folder_draws_another_tag(data_dir: Path, backup: Path) -> None:
    """What was sent after the backup may bear the labels that would be sent again."""
    (data_dir / "folder-id").touch()
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    assert not (data_dir / "folder-id").exists()


def test_running_engine_is_not_restored_under(
    data_dir: Path, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with held_folder(data_dir, None):
        before = tree(data_dir)
        assert restore(data_dir, "--from", backup) == ExitCode.BAD_INPUT
        assert "expected a folder without an engine, found that pid" in capsys.readouterr().err
        assert tree(data_dir) == before


@pytest.mark.parametrize(
    ("account", "environment", "said"),
    [
        ("A2", Environment.PAPER, "account: expected A1, which"),
        ("A1", Environment.TESTNET, "environment: expected paper, which"),
    ],
)
def test_backup_of_another_account_is_refused(
    data_dir: Path,
    tmp_path: Path,
    account: str,
    environment: Environment,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    room = BooksRoom(tmp_path / "other").start()
    bind(room, account, environment)
    room.stop()
    before = tree(data_dir)
    assert restore(data_dir, "--from", backed_up(tmp_path / "other")) == ExitCode.BAD_INPUT
    assert said in capsys.readouterr().err
    assert tree(data_dir) == before | {"lock": b""}


def test_folder_without_books_takes_only_what_its_strategy_names(
    data_dir: Path, backup: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strategy = tmp_path / "strategy.yaml"
    strategy.write_text("execution:\n  environment: testnet\n", encoding="utf-8")
    fresh = tmp_path / "fresh"
    assert restore(fresh, "--from", backup, "--strategy", strategy) == ExitCode.BAD_INPUT
    assert "environment: expected testnet" in capsys.readouterr().err
    strategy.write_text("execution:\n  environment: paper\n", encoding="utf-8")
    assert restore(fresh, "--from", backup, "--strategy", strategy) == ExitCode.OK
    assert books_proved(fresh).ok
    assert not (fresh / "replaced").exists()


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def shortened(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))


@pytest.mark.parametrize("harm", [flipped, shortened, Path.unlink])
def test_damaged_backup_is_refused_naming_file_found_and_expected(
    data_dir: Path, backup: Path, harm: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    for file in sorted(path for path in backup.rglob("*") if path.is_file()):
        if file.name == "backup.json" and harm is Path.unlink and (backup / "cerbero.db").exists():
            continue  # Log and database prove each other, as in a backup of an older version.
        whole = file.read_bytes()
        harm(file)
        code = restore(data_dir, "--from", backup)
        said = capsys.readouterr().err
        assert code in (ExitCode.FOUND_WRONG, ExitCode.BAD_INPUT), file.name
        assert "expected" in said
        assert "found" in said
        file.write_bytes(whole)
    assert not (data_dir / "replaced").exists()
    assert restore(data_dir, "--from", backup) == ExitCode.OK


def test_backup_of_an_older_version_has_no_manifest_and_is_proved_all_the_same(data_dir: Path) -> None:
    backup = backups(data_dir)[0]
    (backup / "backup.json").unlink()
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    assert books_proved(data_dir).ok


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


def test_folder_of_before_an_upgrade_is_proved_as_it_is(data_dir: Path) -> None:
    older(data_dir)
    assert main(["audit", "verify", "--books", "--data-dir", str(data_dir)]) == ExitCode.OK


def older(folder: Path) -> None:
    """Take back the newest migration."""
    with closing(sqlite3.connect(folder / "cerbero.db")) as db:
        db.execute("DROP TABLE venue_texts")
        db.execute("PRAGMA user_version = 5")
        db.commit()


def test_changed_row_in_the_database_of_a_backup_without_manifest_is_found(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup = backups(data_dir)[0]
    (backup / "backup.json").unlink()
    with closing(sqlite3.connect(backup / "cerbero.db")) as db:
        db.execute("UPDATE system SET value = 'mainnet' WHERE key = 'environment'")
        db.commit()
    assert restore(data_dir, "--from", backup) == ExitCode.FOUND_WRONG
    assert "system" in capsys.readouterr().err


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
            (begun / ".nfs0001").write_text("theirs")
        return finish(folder)

    monkeypatch.setattr(restoring, "finished", laid)
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    [aside] = (data_dir / "replaced").iterdir()
    assert [path.read_text() for path in aside.rglob(".nfs0001")] == ["theirs"]
    with locked(data_dir, Path):
        assert books_proved(data_dir).ok


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


def books_of(data_dir: Path) -> dict[str, bytes]:
    return {
        name: content for name, content in tree(data_dir).items() if name.startswith(("audit/", "cerbero.db"))
    }


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
