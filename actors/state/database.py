"""Opening the books' database: durable settings, its own checks, and what its errors mean."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import datetime
from hashlib import sha256
from itertools import count
from pathlib import Path
from threading import get_ident

from actors.failpoints import Failpoint, reach
from actors.state.schema import DatabaseCorruptError, migrate, schema_fault
from actors.state.tables import chain
from core.errors import FoundWrongError
from files.plain import BESIDE_DATABASE, plain_bytes, require_plain

DATABASE_FILE = "cerbero.db"
MARKET_FILE = "market.db"
EVIDENCE_FOLDER = "evidence"
BUSY_TIMEOUT_MS = 5000


def database_path(data_dir: Path) -> Path:
    return data_dir / DATABASE_FILE


class AnotherWriterError(FoundWrongError):
    """Another connection has committed to the books: what was read of them before is not what they hold."""


class OneUser:
    """The one user of a connection: the thread that made this, before it has read anything."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._thread = get_ident()
        *_, path = db.execute("PRAGMA database_list").fetchone()
        self._commits_of_others = self._version() if path else None

    def require_alone(self) -> None:
        """Raise AnotherWriterError if another connection has committed meanwhile, as that of a predecessor
        whose commit hung and went on. Only within a transaction that writes can nobody do so afterwards.
        """
        if self._commits_of_others is not None and self._commits_of_others != self._version():
            raise AnotherWriterError("cerbero.db: expected one writer, found a commit of another connection")

    def close(self) -> None:
        """Close it, but not from another thread: its user hangs then, perhaps in a statement, and closing the
        connection under that ends the process. It is closed when that thread ends."""
        if get_ident() == self._thread:
            self._db.close()

    def _version(self) -> int:
        """A number that is another one after each commit of another connection."""
        return int(self._db.execute("PRAGMA main.data_version").fetchone()[0])


def open_database(data_dir: Path) -> sqlite3.Connection:
    """Open or create the books, checked and migrated.

    Raises DatabaseCorruptError, sqlite3.OperationalError, PlainFileError for a pipe in its place.

    Transactions are explicit. Another thread may let go of the connection (`OneUser`), when a hung actor is
    replaced.
    """
    path = database_path(data_dir)
    require_plain(path, BESIDE_DATABASE)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA trusted_schema = OFF")
        check(db)
        migrate(db)
        fault = schema_fault(db)
        if fault is not None:
            raise DatabaseCorruptError(f"{path}: {fault}")
        chain.read(db)
    except BaseException as error:
        db.close()
        if isinstance(error, FoundWrongError):
            raise DatabaseCorruptError(f"{path}: {error}") from error
        if isinstance(error, UnicodeDecodeError):
            # SQLite's message quotes a text that is not UTF-8.
            raise DatabaseCorruptError(f"{path}: expected readable names and texts, found {error}") from error
        if isinstance(error, sqlite3.Error) and (is_corruption(error) or _makes_no_sense(error)):
            raise DatabaseCorruptError(f"{path}: {error}") from error
        raise
    return db


def keep_evidence(data_dir: Path, now: datetime) -> Path:
    """Copy the database as it is into `evidence/<utc>-<digest>-database/`, and return that folder.

    If the same content was copied before, returns the folder of that copy instead.
    """
    path = database_path(data_dir)
    market = data_dir / MARKET_FILE
    digest = sha256(plain_bytes(path) + (plain_bytes(market) if market.is_file() else b"")).hexdigest()
    parent = data_dir / EVIDENCE_FOLDER
    for known in sorted(parent.glob("*-database")):
        if (known / digest).exists():
            return known
    evidence = parent / f"{now:%Y%m%dT%H%M%SZ}-{digest[:8]}-database"
    # A copy that a kill cut short has no note of its digest; it is kept. Time may stand where it stood then.
    tries = count(2)
    while evidence.exists():
        evidence = parent / f"{now:%Y%m%dT%H%M%SZ}-{digest[:8]}-{next(tries)}-database"
    parent.mkdir(mode=0o700, exist_ok=True)
    evidence.mkdir(mode=0o700)
    for name in (DATABASE_FILE, f"{DATABASE_FILE}-wal", MARKET_FILE, f"{MARKET_FILE}-wal"):
        found = data_dir / name
        if found.is_file():
            shutil.copy2(found, evidence / found.name)
    reach(Failpoint.CORRUPT_BOOKS_COPIED)
    (evidence / digest).touch()
    reach(Failpoint.CORRUPT_BOOKS_NOTED)
    return evidence


def check(db: sqlite3.Connection) -> None:
    """Run SQLite's own check of the database's pages. Raises DatabaseCorruptError."""
    found = db.execute("PRAGMA main.quick_check(1)").fetchone()[0]
    if found != "ok":
        raise DatabaseCorruptError(f"quick_check: expected ok, found {found}")


def is_disk_full(error: sqlite3.Error) -> bool:
    """Whether a write failed for lack of disk space; the existing data is intact."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _makes_no_sense(error: sqlite3.Error) -> bool:
    """Whether our own SQL failed on it: the schema is not the one of its version, or, where Python raises
    it, which gives no code, a text is not UTF-8."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.OperationalError) and code in (None, sqlite3.SQLITE_ERROR)


def is_corruption(error: sqlite3.Error) -> bool:
    """Whether the content of the file can't be trusted."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
