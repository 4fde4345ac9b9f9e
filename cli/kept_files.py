"""What a data folder must hold in usable form before an engine starts on it: books and log.

Without them the engine would give up again and again, as after a crash, where only a person can help. The
usual cause is a command that was run as another user, root for instance.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from actors.audit.files import AUDIT_FOLDER
from actors.health.disk import free_bytes_at
from actors.state.ballast import BALLAST_FILE
from actors.state.database import DATABASE_FILE
from core.errors import InputError

DATABASE_FILES = (DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm")
"""The books, and what SQLite keeps beside them."""
START_BYTES_MIN = 1024 * 1024
"""What a start writes at least, before an engine can make do with less."""


def require_usable_files(data_dir: Path) -> None:
    """Raise InputError for the first file or folder of books and log that is there and can't be used."""
    audit = data_dir / AUDIT_FOLDER
    for path in (data_dir, audit):
        _require(data_dir, path, is_folder=True)
    for path in (*(data_dir / name for name in DATABASE_FILES), *_newest(audit)):
        _require(data_dir, path, is_folder=False)


def require_room(data_dir: Path) -> None:
    """Raise InputError if the disk is full and the folder holds no reserve that the engine could release."""
    free = free_bytes_at(data_dir)
    if free < START_BYTES_MIN and not (data_dir / BALLAST_FILE).exists():
        raise InputError(
            f"--data-dir {data_dir}: expected {START_BYTES_MIN:,} bytes free to start with, found {free:,}; "
            "the disk is full: free some space"
        )


def _newest(audit: Path) -> list[Path]:
    """The file of the log that is written to; older ones are only read."""
    return sorted(audit.glob("audit-*.jsonl"))[-1:]


def _require(data_dir: Path, path: Path, *, is_folder: bool) -> None:
    if not os.path.lexists(path):
        return
    if not (path.is_dir() if is_folder else path.is_file()):
        kind = "folder" if is_folder else "file"
        raise InputError(
            f"{path}: expected a {kind} of the engine's own, found none; look at what it is, and move it away"
        )
    rights = os.R_OK | os.W_OK | (os.X_OK if is_folder else 0)
    if not os.access(path, rights, effective_ids=True):
        own = os.geteuid()
        raise InputError(
            f"{path}: expected it to be writable by this user (uid {own}), found that it is not (its owner "
            f"is uid {path.stat().st_uid}); give the data folder to the user who runs the engine, as root: "
            f"chown -R {own}: {shlex.quote(str(data_dir))}"
        )
