"""The market's snapshots stand in a file of their own, so that the books stay small and quick to copy."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from actors.state.backup import BackupError, backups, make_backup
from actors.state.database import open_database
from actors.state.market_file import attach_market
from actors.state.tables.records import MarketSnapshotRow, insert_snapshot, snapshots
from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert, Severity
from core.messages.base import Refused
from core.messages.kill_switch import ArmKillSwitch
from core.messages.state import Recorded, RecordMarketSnapshot
from tests.actors.state.books_room import START, BooksRoom, event


def opened(data_dir: Path) -> sqlite3.Connection:
    """The books with their market file, as a start opens them."""
    db = open_database(data_dir)
    assert attach_market(db, data_dir, START) is None
    return db


def snapshot_request(number: int) -> RecordMarketSnapshot:
    row = snapshot(number)
    return RecordMarketSnapshot(
        request_id=f"snapshot-{number}",
        at=row.at,
        spot_usd=row.spot_usd,
        dvol=row.dvol,
        funding=None,
        quotes=row.quotes,
    )


def snapshot(number: int) -> MarketSnapshotRow:
    return MarketSnapshotRow(START + timedelta(minutes=15 * number), 3000.0, 60.0, None, '[["ETH-X"]]')


def test_snapshots_are_read_back_and_are_not_in_the_books_file(tmp_path: Path) -> None:
    """What was stored comes back; the books' own file does not hold the table."""
    with closing(opened(tmp_path)) as db:
        insert_snapshot(db, snapshot(1))
        insert_snapshot(db, snapshot(1))
        assert snapshots(db) == (snapshot(1),)
    with closing(sqlite3.connect(tmp_path / "cerbero.db")) as db:
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "cycles" in tables
    assert "market_snapshots" not in tables


def test_each_day_s_snapshots_are_backed_up_once_when_the_day_is_over(tmp_path: Path) -> None:
    """What is written a day does not grow with the number of days."""
    folder = tmp_path / "backups" / "market"
    with closing(opened(tmp_path)) as db:
        insert_snapshot(db, snapshot(1))
        make_backup(db, tmp_path, START)
        assert not folder.exists()
        insert_snapshot(db, snapshot(2))
        make_backup(db, tmp_path, START + timedelta(days=1))
        [first] = folder.iterdir()
        before = first.stat()
        insert_snapshot(db, snapshot(4 * 24))
        make_backup(db, tmp_path, START + timedelta(days=2))
    assert sorted(path.name for path in folder.iterdir()) == ["2026-01-05.db", "2026-01-06.db"]
    assert (first.stat().st_ino, first.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    with closing(sqlite3.connect(first)) as db:
        assert db.execute("SELECT count(*) FROM market_snapshots").fetchone() == (2,)


def test_snapshots_that_can_not_be_backed_up_keep_no_books_from_it(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as db:
        insert_snapshot(db, snapshot(1))
        (tmp_path / "backups").mkdir()
        (tmp_path / "backups" / "market").touch()
        with pytest.raises(BackupError, match="is made, without the market's snapshots"):
            make_backup(db, tmp_path, START + timedelta(days=1))
    [made] = backups(tmp_path)
    assert (made / "cerbero.db").exists()


def test_a_data_folder_named_relative_to_where_we_stand_is_backed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder's default name is a relative one."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    with closing(opened(Path("data"))) as db:
        made = make_backup(db, Path("data"), START).path
    assert sorted(path.name for path in made.iterdir()) == ["audit", "backup.json", "cerbero.db"]


def kept_answers(data_dir: Path) -> list[str]:
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        return [row[0] for row in db.execute("SELECT request_id FROM answered")]


def test_a_snapshot_told_again_is_stored_once_and_no_answer_is_kept_for_it(tmp_path: Path) -> None:
    """96 a day are stored, and each is known by its time."""
    room = BooksRoom(tmp_path).start()
    for _ in range(2):
        assert room.answer_to(snapshot_request(1)) == Recorded(request_id="snapshot-1")
    room.answer_to(event(1))
    room.crash_state()
    assert room.answer_to(snapshot_request(1)) == Recorded(request_id="snapshot-1")
    room.stop()
    with closing(opened(tmp_path)) as db:
        assert snapshots(db) == (snapshot(1),)
    assert kept_answers(tmp_path) == [event(1).request_id]


@pytest.mark.raises_alert(AlertCode.BOOKS_REFUSED)
def test_a_snapshot_that_can_not_be_stored_is_refused_once_and_for_all(tmp_path: Path) -> None:
    """Told again it gets the same answer, and raises no second alert."""
    room = BooksRoom(tmp_path).start()
    unclean = snapshot_request(1).model_copy(update={"quotes": "\ud800"})
    first = room.answer_to(unclean)
    assert isinstance(first, Refused)
    assert room.answer_to(unclean) == first
    assert len([made for made in room.state_ctx.told_to("alerting") if isinstance(made, RaiseAlert)]) == 1
    room.kill()


GARBAGE = b"no database" * 1000


def unusable(room: BooksRoom) -> list[RaiseAlert]:
    told = [made for made in room.state_ctx.told_to("alerting") if isinstance(made, RaiseAlert)]
    return [alert for alert in told if alert.code == "market_file_unusable"]


def arms(room: BooksRoom) -> list[ArmKillSwitch]:
    return [made for made in room.state_ctx.told_to("kill_switch") if isinstance(made, ArmKillSwitch)]


@pytest.mark.raises_alert(AlertCode.MARKET_FILE_UNUSABLE)
def test_garbage_in_the_market_file_is_put_aside_and_the_books_go_on(tmp_path: Path) -> None:
    """It holds quotes only: nothing is refused, nothing armed, and the alert names the right file."""
    BooksRoom(tmp_path).start().stop()
    (tmp_path / "market.db").write_bytes(GARBAGE)
    room = BooksRoom(tmp_path).start()
    [evidence] = (tmp_path / "evidence").iterdir()
    assert (evidence / "market.db").read_bytes() == GARBAGE
    assert arms(room) == []
    [alert] = unusable(room)
    assert alert.severity is Severity.HIGH
    assert alert.text.startswith("market.db can't be used: file is not a database; it was moved to ")
    assert room.answer_to(snapshot_request(1)) == Recorded(request_id="snapshot-1")
    room.tell(event(1))
    room.stop()
    again = BooksRoom(tmp_path).start()
    assert unusable(again) == []
    again.kill()


def test_damaged_pages_of_the_market_file_are_put_aside_too(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    for number in range(200):
        room.tell(snapshot_request(number))
    room.stop()
    content = bytearray((tmp_path / "market.db").read_bytes())
    content[4096:8192] = bytes(range(256)) * 16
    (tmp_path / "market.db").write_bytes(content)
    for _ in range(2):
        room = BooksRoom(tmp_path).start()
        assert arms(room) == []
        assert room.answer_to(snapshot_request(500)) == Recorded(request_id="snapshot-500")
        room.kill()
    [evidence] = (tmp_path / "evidence").iterdir()
    assert (evidence / "market.db").read_bytes() == bytes(content)


def test_a_market_file_that_can_be_neither_used_nor_moved_is_done_without(tmp_path: Path) -> None:
    """Snapshots then stay in memory: the books don't depend on them."""
    BooksRoom(tmp_path).start().stop()
    (tmp_path / "market.db").unlink()
    (tmp_path / "market.db").mkdir()
    room = BooksRoom(tmp_path).start()
    assert arms(room) == []
    [alert] = unusable(room)
    assert "kept in memory only, until the next start" in alert.text
    assert room.answer_to(snapshot_request(1)) == Recorded(request_id="snapshot-1")
    room.kill()


def test_evidence_of_the_same_second_has_a_folder_of_its_own(tmp_path: Path) -> None:
    for _ in range(3):
        (tmp_path / "market.db").write_bytes(GARBAGE)
        BooksRoom(tmp_path).start().kill()
    assert len(list((tmp_path / "evidence").iterdir())) == 3
