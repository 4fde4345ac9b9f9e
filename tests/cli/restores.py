"""A folder whose backups are of before all that was traded, and the command that restores one."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from actors.state.backup import make_backup
from actors.state.database import open_database
from actors.state.market_file import attach_market
from cli.main import main
from core.messages.state import BindAccount, RecordInbox
from core.values import Environment
from tests.actors.state.books_room import START, BooksRoom, event
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


def restore(data_dir: Path, *options: str | Path) -> int:
    return main(["state", "restore", "--data-dir", str(data_dir), *map(str, options)])


def tree(folder: Path) -> dict[str, bytes]:
    """Without what SQLite lays beside a database for a reader."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "-" not in path.suffix)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def folder_with_backups(folder: Path) -> Path:
    """A folder whose backups are of before all that was traded."""
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
