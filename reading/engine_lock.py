"""Which engine holds a data folder: the lock that it keeps while it runs."""

from __future__ import annotations

import fcntl
import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reading.errors import DataFolderError

LOCK = "lock"


@dataclass(frozen=True)
class RunningEngine:
    """What the lock says of the engine that holds it."""

    pid: int
    socket: Path


def running_engine(data_dir: Path) -> RunningEngine | None:
    """The engine that holds the folder now, None if nobody does. Raises DataFolderError."""
    try:
        with (data_dir / LOCK).open("r+") as file:
            if try_lock(file):
                return None
            return holder_of(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataFolderError(f"{data_dir}: {LOCK} can't be read: {error.strerror}") from None


def try_lock(file: IO[str]) -> bool:
    """Whether this process has the lock now; it keeps it until the file is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder_of(file: IO[str]) -> RunningEngine | None:
    """Who wrote itself into the lock; None while it is locked and not yet written."""
    file.seek(0)
    try:
        content = json.load(file)
        return RunningEngine(int(content["pid"]), Path(content["socket"]))
    except (ValueError, KeyError, TypeError):
        return None
