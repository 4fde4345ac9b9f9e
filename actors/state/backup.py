"""Backups: the books vacuumed into a new file and checked, with the audit files that belong to them.

The market snapshots are copied once a day; the day's other backups hard-link that copy.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from actors.room import Failpoint, reach
from actors.state.database import DATABASE_FILE, MARKET_FILE
from core.errors import CerberoError

BACKUP_FOLDER = "backups"
AUDIT_FOLDER = "audit"
KEEP_ALL_FOR = timedelta(hours=6)
KEEP_DAILY_FOR = timedelta(days=14)
_STAMP = "%Y%m%dT%H%M%SZ"
_DRAFT = ".draft"
_CHUNK_BYTES = 1024 * 1024


class BackupError(CerberoError):
    """The backup was not made; nothing of it is left under its final name."""


@dataclass(frozen=True)
class Backup:
    path: Path
    size_bytes: int
    sha256: str
    """Of `cerbero.db`."""


def make_backup(db: sqlite3.Connection, data_dir: Path, now: datetime) -> Backup:
    """Make `backups/<utc>/` with `cerbero.db`, `market.db` and `audit/`. Raises BackupError.

    The database is copied first: bytes that are appended to the audit files meanwhile are pending in it, so
    that both together pass the boot verification after a restore.
    """
    folder = data_dir / BACKUP_FOLDER
    target = folder / now.strftime(_STAMP)
    draft = folder / f"{target.name}{_DRAFT}"
    if target.exists():
        raise BackupError(f"expected a new backup, {target.name} is there already")
    try:
        for old in folder.glob(f"*{_DRAFT}"):
            shutil.rmtree(old)
        draft.mkdir(parents=True, mode=0o700)
        _fsync(data_dir)
        reach(Failpoint.BACKUP_BEGUN)
        copy = draft / DATABASE_FILE
        db.execute("VACUUM INTO CAST(? AS TEXT)", (os.fsencode(copy),))
        _check(copy)
        _fsync(copy)
        reach(Failpoint.BACKUP_BOOKS_COPIED)
        digest, size_bytes = _digest(copy)
        previous = _newest(folder)
        size_bytes += _copy_market(db, draft / MARKET_FILE, previous, now)
        reach(Failpoint.BACKUP_MARKET_COPIED)
        size_bytes += _copy_audit(data_dir / AUDIT_FOLDER, draft / AUDIT_FOLDER, previous)
        reach(Failpoint.BACKUP_AUDIT_COPIED)
        _fsync(draft)
        draft.rename(target)
        reach(Failpoint.BACKUP_NAMED)
        _fsync(folder)
        reach(Failpoint.BACKUP_SYNCED)
        _prune(folder, now)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise BackupError(f"{target.name}: {error}") from error
    return Backup(target, size_bytes, digest)


def backups(data_dir: Path) -> list[Path]:
    """The finished backups, oldest first."""
    folder = data_dir / BACKUP_FOLDER
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.suffix != _DRAFT)


def _check(copy: Path) -> None:
    db = sqlite3.connect(f"{copy.resolve().as_uri()}?mode=ro", uri=True)
    try:
        found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    finally:
        db.close()
    if found != "ok":
        raise BackupError(f"integrity_check of the copy: expected ok, found {found}")


def _copy_market(db: sqlite3.Connection, target: Path, previous: Path | None, now: datetime) -> int:
    """Copy the market snapshots, or link the previous backup's if it is of the same day; the bytes copied."""
    kept = None if previous is None else previous / MARKET_FILE
    if previous is not None and kept is not None and kept.exists() and previous.name[:8] == f"{now:%Y%m%d}":
        target.hardlink_to(kept)
        return 0
    db.execute("VACUUM market INTO ?", (str(target),))
    _check(target)
    _fsync(target)
    return target.stat().st_size


def _copy_audit(source: Path, target: Path, previous: Path | None) -> int:
    """Copy the audit files, or link those that the previous backup holds unchanged; the bytes copied."""
    target.mkdir(mode=0o700)
    copied = 0
    if source.is_dir():
        for path in sorted(source.glob("audit-*.jsonl*")):
            kept = None if previous is None else previous / AUDIT_FOLDER / path.name
            if kept is not None and kept.exists() and _same(kept, path):
                (target / path.name).hardlink_to(kept)
            else:
                shutil.copy2(path, target / path.name)
                _fsync(target / path.name)
                copied += path.stat().st_size
    _fsync(target)
    return copied


def _same(one: Path, other: Path) -> bool:
    """Whether size and modification time are equal: an append changes them, a compression the name."""
    first, second = one.stat(), other.stat()
    return (first.st_size, first.st_mtime_ns) == (second.st_size, second.st_mtime_ns)


def _newest(folder: Path) -> Path | None:
    found = backups(folder.parent)
    return found[-1] if found else None


def _prune(folder: Path, now: datetime) -> None:
    """Keep all backups of the last 6 hours, each day's last for 14 days, and always the newest.

    The others become drafts before anything of them is removed, so that no crash leaves half of one under its
    final name. The next backup removes what is left of them.
    """
    found = backups(folder.parent)
    last_of_day = {path.name[:8]: path for path in found}
    old = []
    for path in found[:-1]:
        age = now - datetime.strptime(path.name, _STAMP).replace(tzinfo=now.tzinfo)
        daily = last_of_day[path.name[:8]] == path
        if age > KEEP_DAILY_FOR or (age > KEEP_ALL_FOR and not daily):
            old.append(path.rename(path.with_name(f"{path.name}{_DRAFT}")))
    if old:
        _fsync(folder)
        reach(Failpoint.BACKUP_OLD_SET_ASIDE)
    for path in old:
        shutil.rmtree(path)
        reach(Failpoint.BACKUP_OLD_REMOVED)


def _digest(path: Path) -> tuple[str, int]:
    digest, size_bytes = sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
    return digest.hexdigest(), size_bytes


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
