"""Holds a data folder for one process: the folder itself, and in it the file that says who holds it.

The folder's own lock keeps others out, whatever becomes of the file; the file tells commands where the engine
listens. Why both: `docs/decisions/two-locks-of-a-folder.md`.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Lock
from typing import IO, Final

from actors.control.folder_lock import LockLoss
from core.errors import InputError
from reading.engine_lock import (
    LOCK,
    RunningEngine,
    holder_of,
    open_folder,
    opened_folder,
    opened_lock,
    pid_of_holder,
    running_engine,
    try_lock,
)
from reading.errors import DataFolderError

LOCK_TRIES: Final = 5
LOCK_RETRY_S: Final = 0.05
_MODE: Final = 0o600


class FolderInUseError(InputError):
    """An engine, or another command that changes books, holds the data folder."""


class FolderLostError(InputError):
    """The engine has ended, and its data folder is not in its place. Whatever started there next would begin
    with empty books, armed by nobody: a person has to put the folder back."""


class HeldFolder:
    """A data folder that this process holds, from `taken` to `let_go`."""

    def __init__(self, data_dir: Path, folder: int, file: IO[str]) -> None:
        self._data_dir = data_dir
        self._folder = folder
        self._moved_to: int | None = None
        """Another folder that has taken the place of ours, and is held as well."""
        self._file = file
        self._entry = ""
        self._looking = Lock()
        self._let_go = False

    def write(self, entry: str) -> None:
        """Say in the file who holds the folder; an empty entry is a command's. Raises OSError."""
        with self._looking:
            self._entry = entry
            self._put()

    def _put(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(self._entry)
        self._file.flush()

    def let_go(self) -> None:
        """Give the folder back. The file stays; a look that comes later lays nothing."""
        with self._looking:
            self._let_go = True
            self._file.close()
            for folder in (self._folder, self._moved_to):
                if folder is not None:
                    os.close(folder)

    def look(self) -> LockLoss | None:
        """Lay the file again if it is gone, another's, or does not say what we wrote; None if all is well."""
        with self._looking:
            if self._let_go:
                return None
            folder = self.moved()
            lock = self._lost()
            error = None if lock is None else self._laid_again()
        return LockLoss(lock, error, folder) if lock is not None or folder is not None else None

    def moved(self) -> str | None:
        """What became of the folder, if its name does not lead to it any more."""
        try:
            found = self._data_dir.stat()
        except OSError as error:
            return f"there is no {self._data_dir} any more ({error.strerror})"
        if os.path.samestat(found, os.fstat(self._folder)):
            return None
        return f"{self._data_dir} is another folder than the one that the engine was started on"

    def _lost(self) -> str | None:
        """What became of the file, if our file is not in its place with what we wrote."""
        own = os.fstat(self._file.fileno())
        try:
            found = (self._data_dir / LOCK).lstat()
        except OSError as error:
            return f"it is not there ({error.strerror})"
        if not os.path.samestat(found, own):
            return f"{_kind(found.st_mode)} is in its place"
        entry = self._entry.encode()
        if os.pread(self._file.fileno(), len(entry) + 1, 0) != entry:
            return "somebody wrote into it"
        if stat.S_IMODE(own.st_mode) != _MODE and own.st_uid == os.geteuid():
            return f"its mode was {stat.S_IMODE(own.st_mode):04o}"
        return None

    def _laid_again(self) -> str | None:
        """Lay the file where the name of the folder leads now. Returns why that can't be done, if so."""
        path = self._data_dir / LOCK
        try:
            if not self._holds_what_is_there():
                return f"another process uses the folder that is there now{_pid_in(self._data_dir)}"
            if not _is_at(path, self._file):
                file = _locked_file(self._data_dir)
                if file is None:
                    return f"another process holds the file that is there now{_pid_in(self._data_dir)}"
                # The old one is given back last: there is no moment without a lock.
                before, self._file = self._file, file
                before.close()
            os.fchmod(self._file.fileno(), _MODE)
            self._put()
        except (OSError, InputError) as error:
            return str(error)
        return None

    def _holds_what_is_there(self) -> bool:
        """Hold the folder that the name leads to as well, if it is not ours: all goes by the name.

        False if another process holds it. Raises OSError.
        """
        with opened_folder(self._data_dir) as handle:
            found = os.fstat(handle)
            held = (self._folder, self._moved_to)
            if any(each is not None and os.path.samestat(found, os.fstat(each)) for each in held):
                return True
            if not try_lock(handle):
                return False
            # A copy of the descriptor keeps the lock when this one is closed.
            before, self._moved_to = self._moved_to, os.dup(handle)
        if before is not None:
            os.close(before)
        return True


@contextmanager
def held(data_dir: Path) -> Iterator[HeldFolder]:
    """Hold the folder, and then the file in it, so that nothing is made in a folder that is in use.

    Raises FolderInUseError if an engine, or another command that changes books, has it, InputError if it
    can't be held.
    """
    with ExitStack() as taken:
        folder = _taken_folder(data_dir)
        taken.callback(os.close, folder)
        file = taken.enter_context(open_own_lock(data_dir))
        if not _tried(file):
            raise _in_use(data_dir, holder_of(file))
        taken.pop_all()
    hold = HeldFolder(data_dir, folder, file)
    try:
        yield hold
    finally:
        hold.let_go()


def _taken_folder(data_dir: Path) -> int:
    try:
        folder = open_folder(data_dir)
        try:
            if _tried(folder):
                return folder
        except BaseException:
            os.close(folder)
            raise
    except OSError as error:
        raise InputError(
            f"--data-dir {data_dir}: expected a folder that can be locked to one engine: {error.strerror}"
        ) from None
    os.close(folder)
    try:
        holder = running_engine(data_dir)
    except DataFolderError:
        holder = None
    raise _in_use(data_dir, holder)


def _tried(lockable: int | IO[str]) -> bool:
    """Whether it is locked now. Who checks if an engine runs holds a lock for an instant: try a few times."""
    return any(try_lock(lockable) or Event().wait(LOCK_RETRY_S) for _ in range(LOCK_TRIES))


def _in_use(data_dir: Path, holder: RunningEngine | None) -> FolderInUseError:
    who = "another process" if holder is None else holder.named
    return FolderInUseError(
        f"--data-dir {data_dir}: expected a folder without an engine, found that {who} uses it; "
        "nothing was changed"
    )


def open_own_lock(data_dir: Path) -> IO[str]:
    """The file, made if it is missing, open to its owner only whatever the umask. Raises InputError."""
    try:
        file = opened_lock(data_dir / LOCK, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise InputError(
            f"--data-dir {data_dir}: expected {LOCK} to be a plain file of this user, not a link: "
            f"{error.strerror}; look at what it is, and remove it"
        ) from None
    if os.fstat(file.fileno()).st_uid == os.geteuid():
        os.fchmod(file.fileno(), _MODE)
    return file


def _locked_file(data_dir: Path) -> IO[str] | None:
    """A file of ours in the place of whatever is there, which is kept if it is anything but an old lock.

    None if another process holds what is there. Raises OSError, InputError.
    """
    path = data_dir / LOCK
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        _move_aside(path)
    file = open_own_lock(data_dir)
    try:
        if not try_lock(file):
            file.close()
            return None
        if os.fstat(file.fileno()).st_size and holder_of(file) is None:
            _move_aside(path)
            other, file = file, open_own_lock(data_dir)
            other.close()
            if not try_lock(file):
                file.close()
                return None
    except BaseException:
        file.close()
        raise
    return file


def _move_aside(path: Path) -> None:
    """Into a folder of its own beside it, whatever it is."""
    path.rename(Path(tempfile.mkdtemp(prefix=f"{path.name}-", dir=path.parent)) / path.name)


def _is_at(path: Path, file: IO[str]) -> bool:
    return os.path.lexists(path) and os.path.samestat(path.lstat(), os.fstat(file.fileno()))


def _pid_in(data_dir: Path) -> str:
    """The pid of whoever holds the folder or the file, as far as the kernel tells it."""
    pids = []
    with suppress(OSError), opened_folder(data_dir) as folder:
        pids.append(pid_of_holder(folder))
    with suppress(OSError), opened_lock(data_dir / LOCK, os.O_RDONLY) as file:
        pids.append(pid_of_holder(file.fileno()))
    found = next((pid for pid in pids if pid not in (None, os.getpid())), None)
    return "" if found is None else f" (pid {found})"


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "another file"
    return "a folder" if stat.S_ISDIR(mode) else "something that is no file"
