"""Backups: the audit log as far as it is committed, and with some of them the books' database.

The books follow from the log, so that every backup holds them. The database holds more (next runs, answers,
deliveries of alerts), but a copy of it is as large as all the books that ever were. So one is made at most
once a day, and less often once it is large: what is written a day does not grow with the age of the books.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from actors.failpoints import Failpoint, reach
from actors.runtime import give_back_freed
from actors.state.backup_audit import copy_audit
from actors.state.backup_files import digest_of, fsync
from actors.state.backup_manifest import MANIFEST_FILE, Manifest
from actors.state.backup_market import MARKET_BACKUPS, back_up_market
from actors.state.database import DATABASE_FILE
from actors.state.tables import chain
from actors.state.tables.records import setting
from core.errors import CerberoError, FoundWrongError

BACKUP_FOLDER = "backups"
KEEP_ALL_FOR = timedelta(hours=6)
KEEP_DAILY_FOR = timedelta(days=14)
DATABASE_BYTES_A_DAY_MAX = 16 * 1024 * 1024
"""A database of twice this size is copied every second day, and so on."""
_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_DRAFT = ".draft"


class BackupError(CerberoError):
    """The backup was not made; nothing of it is left under its final name."""


@dataclass(frozen=True)
class Backup:
    path: Path
    size_bytes: int
    """Written for it; what it shares with an earlier one is not counted."""
    sha256: str
    """Of its manifest, which holds the digests of all its files."""


def make_backup(db: sqlite3.Connection, data_dir: Path, now: datetime) -> Backup:
    """Make `backups/<utc>/` with `audit/`, `backup.json` and, if it is due, `cerbero.db`. Raises BackupError.

    The log in it ends where the database says, also if its last bytes are not in the file yet.
    """
    folder = data_dir / BACKUP_FOLDER
    target = folder / now.strftime(_STAMP)
    draft = folder / f"{target.name}{_DRAFT}"
    if target.exists():
        raise BackupError(f"expected a new backup, {target.name} is there already")
    try:
        found, drafts = _listed(folder)
        for old in drafts:
            shutil.rmtree(folder / old)
        folder.mkdir(mode=0o700, exist_ok=True)
        draft.mkdir(mode=0o700)
        fsync(data_dir)
        reach(Failpoint.BACKUP_BEGUN)
        files: dict[str, str] = {}
        size_bytes = 0
        if _database_is_due(db, folder, found, now):
            copy = draft / DATABASE_FILE
            db.execute("VACUUM INTO CAST(? AS TEXT)", (os.fsencode(copy),))
            _check(copy)
            fsync(copy)
            files[DATABASE_FILE], size_bytes = digest_of(copy)
            reach(Failpoint.BACKUP_BOOKS_COPIED)
        size_bytes += copy_audit(db, data_dir, draft, folder / found[-1] if found else None, files)
        reach(Failpoint.BACKUP_AUDIT_COPIED)
        digest, manifest_bytes = _write_manifest(db, draft, now, files)
        size_bytes += manifest_bytes
        reach(Failpoint.BACKUP_DESCRIBED)
        fsync(draft)
        draft.rename(target)
        reach(Failpoint.BACKUP_NAMED)
        fsync(folder)
        reach(Failpoint.BACKUP_SYNCED)
        _prune(folder, now)
    except (OSError, sqlite3.Error, FoundWrongError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise BackupError(f"{target.name}: {error}") from error
    try:
        size_bytes += back_up_market(db, folder / MARKET_BACKUPS, now)
        reach(Failpoint.BACKUP_MARKET_COPIED)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{target.name} is made, without the market's snapshots: {error}") from error
    if DATABASE_FILE in files:
        give_back_freed()  # Once a day: of all that was in use since the last copy, and of this one.
    return Backup(target, size_bytes, digest)


def backups(data_dir: Path) -> list[Path]:
    """The finished backups, oldest first."""
    folder = data_dir / BACKUP_FOLDER
    return [folder / name for name in _listed(folder)[0]]


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    """The names of the finished backups, oldest first, and of what is left of unfinished and removed ones."""
    if not folder.is_dir():
        return [], []
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if _is_folder(entry))
    return [name for name in names if _is_time(name)], [name for name in names if name.endswith(_DRAFT)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return Path(entry.path).is_dir()  # A link that leads nowhere is none.


def _is_time(name: str) -> bool:
    """Whether a backup can have this name: not one of the 45th day of a 13th month."""
    if not _NAME.fullmatch(name):
        return False
    try:
        _made_at(name)
    except ValueError:
        return False
    return True


def _database_is_due(db: sqlite3.Connection, folder: Path, found: list[str], now: datetime) -> bool:
    """Whether no backup holds the database, or the newest that does was made so many days ago that a copy a
    day on average stays within the limit.

    One that is dated later than now was made while the clock was wrong, and is not waited for.
    """
    copy = _newest_with_database(folder, [name for name in found if _made_at(name) <= now])
    if copy is None:
        return True
    pages: int = db.execute("PRAGMA main.page_count").fetchone()[0]
    page_bytes: int = db.execute("PRAGMA main.page_size").fetchone()[0]
    days = math.ceil(pages * page_bytes / DATABASE_BYTES_A_DAY_MAX)
    return (now.date() - _made_at(copy).date()).days >= days


def _newest_with_database(folder: Path, found: list[str]) -> str | None:
    return next((name for name in reversed(found) if (folder / name / DATABASE_FILE).exists()), None)


def _check(copy: Path) -> None:
    db = sqlite3.connect(f"{copy.resolve().as_uri()}?mode=ro", uri=True)
    try:
        found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    finally:
        db.close()
    if found != "ok":
        raise BackupError(f"integrity_check of the copy: expected ok, found {found}")


def _write_manifest(
    db: sqlite3.Connection, draft: Path, now: datetime, files: dict[str, str]
) -> tuple[str, int]:
    """Write the manifest; its digest and size."""
    end, pending = chain.read(db)
    link = end.link if pending is None else end.after(pending).link
    manifest = Manifest(
        made_at=now,
        seq=link.seq,
        hash=link.hash,
        environment=setting(db, "environment"),
        account=setting(db, "account"),
        files=files,
    ).sealed()
    path = draft / MANIFEST_FILE
    text = manifest.model_dump_json(indent=1).encode() + b"\n"
    path.write_bytes(text)
    fsync(path)
    return sha256(text).hexdigest(), len(text)


def _made_at(name: str) -> datetime:
    return datetime.fromisoformat(name)


def _prune(folder: Path, now: datetime) -> None:
    """Keep all backups of the last 6 hours, each day's first for 14 days, the newest one, and the newest that
    holds the database. The firsts of the last 14 days that have one stay in any case: a clock that is ahead
    for a minute makes them no older.

    The others become drafts before anything of them is removed, so that no crash leaves half of one under its
    final name. The next backup removes what is left of them.
    """
    found, _ = _listed(folder)
    first_of_day: dict[str, str] = {}
    for name in found:
        first_of_day.setdefault(name[:8], name)
    last_days = sorted(first_of_day)[-KEEP_DAILY_FOR.days :]
    kept = (found[-1], _newest_with_database(folder, found))
    old = []
    for name in found:
        age, day = now - _made_at(name), name[:8]
        daily = first_of_day[day] == name and (age <= KEEP_DAILY_FOR or day in last_days)
        if age > KEEP_ALL_FOR and not daily and name not in kept:
            old.append((folder / name).rename(folder / f"{name}{_DRAFT}"))
    if old:
        fsync(folder)
        reach(Failpoint.BACKUP_OLD_SET_ASIDE)
    for path in old:
        shutil.rmtree(path)
        reach(Failpoint.BACKUP_OLD_REMOVED)
