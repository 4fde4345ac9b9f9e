"""The lock that an engine keeps on its data folder while it runs, and who holds it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reading.errors import DataFolderError

LOCK = "lock"


@dataclass(frozen=True)
class RunningEngine:
    """The engine that holds the lock, as it wrote itself into the file."""

    pid: int
    socket: Path


def running_engine(data_dir: Path) -> RunningEngine | None:
    """The engine that holds the folder now, None if nobody does or its entry is not written yet.

    Raises DataFolderError if the lock can't be read.
    """
    try:
        with opened_lock(data_dir / LOCK, os.O_RDONLY) as file:
            if try_lock(file):
                return None
            return holder_of(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataFolderError(f"{data_dir}: {LOCK} can't be read: {error.strerror}") from None


def opened_lock(path: Path, flags: int) -> IO[str]:
    """Open the lock, never what a link of its name leads to, nor a pipe, which would block.

    Raises OSError.
    """
    handle = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "expected a plain file", str(path))
        return os.fdopen(handle, "r+" if flags & os.O_RDWR else "r", encoding="utf-8")
    except BaseException:
        os.close(handle)
        raise


def try_lock(file: IO[str]) -> bool:
    """Try to take the lock, which then lasts until the file is closed. False if another process holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder_of(file: IO[str]) -> RunningEngine | None:
    """The engine written into the lock; None while it is locked but not yet written."""
    file.seek(0)
    try:
        content = json.load(file)
        return RunningEngine(int(content["pid"]), Path(content["socket"]))
    except (ValueError, KeyError, TypeError):
        return None
