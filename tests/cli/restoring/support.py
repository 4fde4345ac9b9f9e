"""Folders with backups, and what is looked at in them."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from actors.audit.files import whole_lines
from actors.state.backup import make_backup
from actors.state.database import open_database
from actors.state.market_file import attach_market
from cli.main import main
from core.audit.hash_chain import read_record
from core.messages.state import BindAccount
from core.values import Environment
from tests.actors.state.books_room import START, BooksRoom

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


def kinds(data_dir: Path) -> list[str]:
    return [read_record(line).kind for line in whole_lines(data_dir / "audit")]


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def books_of(data_dir: Path) -> dict[str, bytes]:
    return {
        name: content for name, content in tree(data_dir).items() if name.startswith(("audit/", "cerbero.db"))
    }
