"""`state restore`: log and database together, nothing lost unsaid, nothing replaced that is not kept."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from actors.audit.files import whole_lines
from actors.state.backup import backups
from cli.data_folder import locked
from cli.exit_codes import ExitCode
from cli.main import main
from core.audit.hash_chain import read_record
from core.errors import InputError
from core.kill_file import parse_kill_file
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditKind
from core.messages.kill_switch import ArmKillSwitch
from core.messages.state import LatchEntries, RecordKillSwitch
from core.orders.books import LatchSource
from core.values import Environment
from reading.books import entry_latches
from reading.proof import books_proved
from tests.actors.state.books_room import BooksRoom, event
from tests.cli.restores import LATER, backed_up, bind, flipped, folder_with_backups, restore, tree
from tests.fakes.held_folder import held_folder


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


def kinds(data_dir: Path) -> list[str]:
    return [read_record(line).kind for line in whole_lines(data_dir / "audit")]


def test_restored_books_are_whole_and_an_engine_starts_on_them_without_an_alarm(
    data_dir: Path, backup: Path
) -> None:
    before = kinds(backup)
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    settings, latches = [AuditKind.SETTING] * 2, [AuditKind.ENTRIES_LATCHED]
    assert kinds(data_dir) == [*before, AuditKind.ROLLOVER, *settings, *latches, AuditKind.RESTORED]
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


def test_dry_run_into_a_folder_that_is_not_there_says_so(
    data_dir: Path, backup: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a forgotten --data-dir looks as if nothing were lost."""
    elsewhere = tmp_path / "elsewhere"
    assert restore(elsewhere, "--from", backup, "--dry-run") == ExitCode.OK
    assert f"there is no {elsewhere} yet" in capsys.readouterr().out
    assert not elsewhere.exists()


def test_without_a_strategy_it_says_what_is_not_compared(
    data_dir: Path, backup: Path, tmp_path: Path, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typed in another folder it finds none, and must not look as if it had compared."""
    for strategy, said in ((repository / "strategy.yaml", False), (tmp_path / "none.yaml", True)):
        restore(data_dir, "--from", backup, "--dry-run", "--strategy", strategy)
        assert ("environment and anchor are not compared" in capsys.readouterr().out) == said


def test_what_only_a_damaged_folder_knows_is_named_as_far_as_it_can_be_read(
    data_dir: Path, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data_dir / "cerbero.db").write_bytes(b"no database" * 1000)
    assert restore(data_dir, "--from", backup, "--dry-run") == ExitCode.OK
    said = capsys.readouterr().out
    assert "not read, so that there may be more: " in said
    assert "  cmd: RunEntryCycle" in said


def latched_since(data_dir: Path, source: LatchSource) -> None:
    room = BooksRoom(data_dir, now=LATER).start()
    bind(room)
    latch = LatchEntries(
        request_id="breach", source=source, reason="4 losing trades in a row", who="snapshot-1", at=LATER
    )
    room.tell(latch)
    room.stop()


@pytest.mark.parametrize("source", list(LatchSource))
def test_what_blocks_entries_is_named_and_still_blocks_them_after_a_restore(
    data_dir: Path, backup: Path, capsys: pytest.CaptureFixture[str], source: LatchSource
) -> None:
    """The backup does not know of it, and only a person who resumes entries lifts it."""
    latched_since(data_dir, source)
    assert restore(data_dir, "--from", backup) == ExitCode.OK
    said = f"entries stay blocked until a person resumes them: {source}: 4 losing trades in a row"
    assert said in capsys.readouterr().out
    (latch,) = [each for each in entry_latches(data_dir) if each.source is source]
    assert (latch.latched, latch.who) == (True, "snapshot-1")
    assert main(["audit", "verify", "--books", "--data-dir", str(data_dir)]) == ExitCode.OK


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
