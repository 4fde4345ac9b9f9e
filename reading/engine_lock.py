"""The locks that an engine keeps on its data folder while it runs, and who holds them.

There are two: the file `lock`, in which the holder says where it listens, and the folder itself, which nobody
can take out of it. Why these two: `docs/decisions/two-locks-of-a-folder.md`.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from reading.errors import DataFolderError

LOCK: Final = "lock"
USUAL_SOCKET: Final = Path("run", "control.sock")
"""Where in its folder an engine listens that has no reason to listen elsewhere (`choose_socket`)."""
UNKNOWN_PID: Final = "PID"
"""What stands for a number that nobody knows in a command that a person is told."""
_LOCKS: Final = Path("/proc/locks")


@dataclass(frozen=True)
class RunningEngine:
    """The engine that holds the folder, as it wrote itself into the file.

    `pid` is None if the file does not say it any more, nor the kernel.
    """

    pid: int | None
    socket: Path

    @property
    def named(self) -> str:
        """The engine's process, as a person looks for it."""
        return "pid unknown" if self.pid is None else f"pid {self.pid}"


def running_engine(data_dir: Path) -> RunningEngine | None:
    """The engine that holds the folder now, None if nobody does or its entry is not written yet.

    If the folder is held and `lock` is not, that file was taken away: the engine then counts as listening at
    the usual place. Raises DataFolderError if neither lock can be read.
    """
    try:
        with opened_folder(data_dir) as folder:
            is_held = is_locked(folder)
            try:
                with opened_lock(data_dir / LOCK, os.O_RDONLY) as file:
                    if is_locked(file.fileno()):
                        return holder_of(file)
            except OSError as error:
                if not is_held and not isinstance(error, FileNotFoundError):
                    raise DataFolderError(f"{data_dir}: {LOCK} can't be read: {error.strerror}") from None
            return RunningEngine(pid_of_holder(folder), data_dir / USUAL_SOCKET) if is_held else None
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise DataFolderError(f"{data_dir}: expected a data folder, found a file") from None
    except OSError as error:
        raise DataFolderError(f"{data_dir}: it can't be read who holds it: {error.strerror}") from None


@contextmanager
def opened_folder(data_dir: Path) -> Iterator[int]:
    """A descriptor of the folder itself, with which whatever lock was taken on it ends. Raises OSError."""
    handle = open_folder(data_dir)
    try:
        yield handle
    finally:
        os.close(handle)


def open_folder(data_dir: Path) -> int:
    """As `opened_folder`, to be closed by the caller."""
    return os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


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


def try_lock(handle: int | IO[str]) -> bool:
    """Try to take a lock, which then lasts until the descriptor is closed. False if another process holds it.

    Raises OSError if this file system has no such locks.
    """
    return _locked_as(handle, fcntl.LOCK_EX)


def is_locked(handle: int) -> bool:
    """Whether somebody holds a lock. Two who look at once do not take each other for a holder, and whoever
    takes the lock in that instant tries again. Raises OSError."""
    if not _locked_as(handle, fcntl.LOCK_SH):
        return True
    fcntl.flock(handle, fcntl.LOCK_UN)
    return False


def _locked_as(handle: int | IO[str], kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
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


def pid_of_holder(handle: int) -> int | None:
    """Who holds the lock of an open file or folder, as the kernel lists it.

    None if the list can't be read or does not have it: of another container's processes it is silent, and
    some file systems have another number there.
    """
    found = os.fstat(handle)
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    with suppress(OSError, ValueError):
        for line in _LOCKS.read_text("ascii").splitlines():
            # "1: FLOCK  ADVISORY  WRITE 4711 08:01:131090 0 EOF"; who waits has "->" behind the number.
            match line.split():
                case [_, "FLOCK", _, "WRITE", pid, where, *_] if where == place and int(pid) > 0:
                    return int(pid)
    return None
