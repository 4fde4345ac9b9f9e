"""The `KILL` file: if anything has that name, the switch is armed. A finished change of it survives a crash.

A person's command writes the file beside a running engine, so nothing here replaces it: armings are added,
and a disarming renames the file, reads that, and puts back what was added meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Protocol

from actors.failpoints import Failpoint, reach
from core.kill_file import KILL_FILE_NAME, Arming, KillFile, parse_kill_file

CONTENT_BYTES_MAX = 1 << 20
"""A `KILL` laid by hand may be anything: so much is read from its beginning, and so much from its end."""
TRIES_MAX = 10
"""So often an arming is added again if the file was taken away meanwhile."""
_NO_SURPRISE = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""No link leads elsewhere, and a pipe of that name does not block."""


class KillFilePort(Protocol):
    """What the kill switch needs of its file. Each method but the reading ones may raise OSError."""

    def read(self) -> KillFile | None:
        """The content, or None if there is no file."""

    def read_aside(self) -> KillFile | None:
        """What a disarming that a crash cut short had set aside, or None."""

    def add(self, arming: Arming) -> OSError | None:
        """Lay the file, or add to it; it is on disk when this returns.

        Returns the error that kept the arming out of it, if the file is on disk without it: it arms all the
        same.
        """

    def sync(self) -> None:
        """What is in the file is on disk when this returns."""

    def disarm(self, ids: Set[str]) -> KillFile | None:
        """Take away what `ids` name. Returns what stays, None if nothing does; both on disk."""

    def settle_aside(self, ids: Set[str]) -> None:
        """End a disarming that was cut short: drop what `ids` name of it, put back the rest."""


class DiskKillFile:
    """The file in the data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir
        self._path = data_dir / KILL_FILE_NAME
        self._aside = data_dir / f"{KILL_FILE_NAME}.disarming"

    def read(self) -> KillFile | None:
        return _read(self._path)

    def read_aside(self) -> KillFile | None:
        return _read(self._aside)

    def add(self, arming: Arming) -> OSError | None:
        return self._put(arming.to_bytes(), arming.key)

    def sync(self) -> None:
        if self._path.is_file():
            _sync(self._path)
        _sync(self._folder)

    def disarm(self, ids: Set[str]) -> KillFile | None:
        self.settle_aside(ids)
        try:
            self._path.rename(self._aside)
        except FileNotFoundError:
            return None
        before: KillFile | None = None
        try:
            reach(Failpoint.KILL_SET_ASIDE)
            # Until what follows is on disk, a power cut may bring `KILL` back whole: it was not disarmed yet.
            before = self.read_aside()
            self.settle_aside(ids)
        except OSError:
            self._rename_back()
            self._lay_back(before)
            raise
        return self.read()

    def settle_aside(self, ids: Set[str]) -> None:
        found = self.read_aside()
        if found is None:
            return
        stays = found.without(ids)
        if stays is not None:
            self._put(stays, "back")
            reach(Failpoint.KILL_PUT_BACK)
        if stat.S_ISDIR(self._aside.lstat().st_mode):
            self._aside.rmdir()
        else:
            self._aside.unlink()
        reach(Failpoint.KILL_ASIDE_REMOVED)
        _sync(self._folder)

    def _rename_back(self) -> None:
        """Undo the renaming if it can be undone; if not, the next start takes the renamed file for `KILL`."""
        with contextlib.suppress(OSError):
            if not os.path.lexists(self._path):
                self._aside.rename(self._path)
                _sync(self._folder)

    def _lay_back(self, before: KillFile | None) -> None:
        """Have `KILL` again, if only bare: the disk failed after the renamed file was removed."""
        if before is None or os.path.lexists(self._path) or os.path.lexists(self._aside):
            return
        with contextlib.suppress(OSError):
            self._put(before.without(frozenset()) or b"", "back")

    def _put(self, lines: bytes, name: str) -> OSError | None:
        """Add lines; if that can't be done, have at least a bare file on disk."""
        failed: OSError = FileNotFoundError("the file was taken away again and again")
        try:
            for _ in range(TRIES_MAX):
                if self._create(lines, name) or self._append(lines):
                    return None
        except OSError as error:
            failed = error
        self._lay_bare()
        # The disk may have no room, or the file system no links: then the content is added to the bare file.
        with contextlib.suppress(OSError):
            if self._append(lines):
                return None
        return failed

    def _create(self, lines: bytes, name: str) -> bool:
        """Lay the whole file at once; False if there is one."""
        if os.path.lexists(self._path):
            return False
        new = self._folder / f"{KILL_FILE_NAME}.{name}.new"
        try:
            # Whatever has that name, a link of any kind, is not written to.
            new.unlink(missing_ok=True)
            with _opened(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as handle:
                os.fchmod(handle, 0o600)
                self._give_to_owner(handle)
                _write(handle, lines)
            reach(Failpoint.KILL_DRAFTED)
            os.link(new, self._path)  # Unlike a renaming, it does not replace a file that came meanwhile.
            reach(Failpoint.KILL_LAID)
        except FileExistsError:
            return False
        finally:
            new.unlink(missing_ok=True)
        _sync(self._folder)
        reach(Failpoint.KILL_SYNCED)
        return True

    def _append(self, lines: bytes) -> bool:
        """Add to the file; False if there is none, or if it was taken away before the lines were in it."""
        try:
            with _opened(self._path, os.O_WRONLY | os.O_APPEND) as handle:
                # The newline first: what is there may end in the middle of a line.
                _write(handle, b"\n" + lines)
                reach(Failpoint.KILL_ADDED_TO)
                if not os.path.samestat(os.fstat(handle), self._path.stat()):
                    return False
        except FileNotFoundError:
            return False
        _sync(self._folder)
        return True

    def _lay_bare(self) -> None:
        """An empty file needs no space on a full disk. Raises OSError if there is no file afterwards."""
        new = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with contextlib.suppress(FileExistsError), _opened(self._path, new) as handle:
            os.fchmod(handle, 0o600)
            self._give_to_owner(handle)
            os.fsync(handle)
        self._path.lstat()
        _sync(self._folder)
        reach(Failpoint.KILL_LAID_BARE)

    def _give_to_owner(self, handle: int) -> None:
        """A file laid by the administrator belongs to the folder's owner, whose engine has to read it."""
        folder = self._folder.stat()
        if folder.st_uid != os.geteuid():
            # Without the right to do so the engine can't read the file, and is armed by that.
            with contextlib.suppress(PermissionError):
                os.fchown(handle, folder.st_uid, folder.st_gid)


def _read(path: Path) -> KillFile | None:
    """A file that can't be read is there all the same, and so is a link that leads nowhere."""
    try:
        with _opened(path, os.O_RDONLY) as handle:
            return parse_kill_file(_whole(handle))
    except FileNotFoundError:
        return KillFile(problem="it is a link that leads nowhere") if path.is_symlink() else None
    except OSError as error:
        return KillFile(problem=error.strerror or str(error))


def _whole(handle: int) -> bytes:
    """All of it, or its first and last mebibyte: what was added last is an arming that somebody relies on."""
    first = _at_most(handle, CONTENT_BYTES_MAX)
    found = os.fstat(handle)
    if len(first) < CONTENT_BYTES_MAX or not stat.S_ISREG(found.st_mode):
        return first
    behind = found.st_size - CONTENT_BYTES_MAX
    if behind <= CONTENT_BYTES_MAX:
        return first + _at_most(handle, CONTENT_BYTES_MAX)
    os.lseek(handle, behind, os.SEEK_SET)
    return first + b"\n" + _at_most(handle, CONTENT_BYTES_MAX)


def _at_most(handle: int, left: int) -> bytes:
    parts: list[bytes] = []
    while left and (part := os.read(handle, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _write(handle: int, content: bytes) -> None:
    """Write every byte and fsync; the operating system may take fewer at a time."""
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
    os.fsync(handle)


def _sync(path: Path) -> None:
    with _opened(path, os.O_RDONLY, follow=True) as handle:
        os.fsync(handle)


@contextlib.contextmanager
def _opened(path: Path, flags: int, *, follow: bool = False) -> Iterator[int]:
    handle = os.open(path, flags | (_NO_SURPRISE & ~os.O_NOFOLLOW if follow else _NO_SURPRISE), 0o600)
    try:
        yield handle
    finally:
        os.close(handle)
