"""The disk of a simulated machine: real folders, of which it knows what was synced, and which can fail.

While it is in place, the calls of Python's `os` that change or sync a file below its folders pass through it,
and so do the commits of the books. It is meant for a process that does nothing but simulate: the calls are
replaced for all of it. What a kill takes is laid out by `crash`; SQLite syncs by itself, within a commit, so
that its files hold at each of our steps what a crash leaves of them (`tests/power` tears them).
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

OF_SQLITE: Final = (".db", ".db-wal", ".db-shm", ".db-journal")
NOT_KEPT: Final = ("ballast",)
CHANGES: Final = ("open", "write", "fsync", "rename", "replace", "unlink", "remove")
GRAVEYARD: Final = "graveyard"
ASIDE: Final = "sqlite"
FREE_BYTES: Final = 50 * 2**30
BALLAST: Final = "ballast"


@dataclass
class _LabFolder:
    """One data folder: what is durable of it."""

    root: Path
    sizes: dict[int, int] = field(default_factory=dict)
    """Of each file, by its number, how many of its bytes were synced."""
    names: dict[str, dict[str, int]] = field(default_factory=dict)
    """Of each folder, by its path below the root, the names that were synced, and the files that they are."""


class LabDisk:
    """The disk of all engines of one simulation."""

    def __init__(self, before_change: Callable[[str], None]) -> None:
        """`before_change` is called with the path before each change, sync and commit; it may raise."""
        self._before_change = before_change
        # Data folders may be told relative to where the simulation stands, the kernel tells whole paths.
        self._here = f"{Path.cwd()}/"
        self._folders: dict[str, _LabFolder] = {}
        self.full: str | None = None
        """While the disk is full: `soft` if giving up the ballast makes room, or `hard`."""
        self.fails_next = False
        """The next change or sync fails with an I/O error."""
        self.failures = 0
        self._frozen: set[str] = set()

    def add(self, root: Path) -> None:
        """Know a data folder; everything that is in it is durable."""
        root.mkdir(parents=True, exist_ok=True)
        self._folders[str(root)] = folder = _LabFolder(root)
        for path in (root, *sorted(path for path in root.rglob("*") if path.is_dir())):
            folder.names[str(path.relative_to(root))] = _names(path)
        for path in sorted(root.rglob("*")):
            if path.is_file():
                found = path.stat()
                folder.sizes[found.st_ino] = found.st_size

    def freeze(self, root: Path) -> None:
        """The process on this folder ends now: nothing changes there until `crash`, whatever is unwound."""
        aside = self._aside(self._folders[str(root)])
        aside.mkdir()
        for path in sorted(root.glob("*.db*")):
            if not path.name.endswith("-shm"):
                shutil.copy2(path, aside / path.name)
        self._frozen.add(str(root))

    def crash(self, root: Path, loses: str, chance: Random) -> None:
        """Turn the folder into what a crash at the moment of `freeze` leaves of it.

        `loses` says of what was not synced: `nothing` is lost, `all` is, `some` files and names, or contents
        are `torn` in their middle. The engine must not run any more.
        """
        folder = self._folders[str(root)]
        self._frozen.discard(str(root))
        for path in sorted(root.glob("*.db*")):
            path.unlink()
        for path in sorted(self._aside(folder).iterdir()):
            shutil.copy2(path, root / path.name)
        shutil.rmtree(self._aside(folder))
        if loses != "nothing":
            for name in sorted(folder.names):
                self._lose_names(folder, name, loses, chance)
            for path in sorted(root.rglob("*")):
                if path.is_file() and not _is_left_alone(path):
                    _lose_content(path, folder.sizes.get(path.stat().st_ino, 0), loses, chance)
        graveyard = self._graveyard(folder)
        if graveyard.exists():
            shutil.rmtree(graveyard)
        self.add(root)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Have the calls of this process pass through this disk."""
        before = {name: getattr(os, name) for name in CHANGES}
        usage, fallocate, connect = shutil.disk_usage, os.posix_fallocate, sqlite3.connect
        vars(os).update(
            fsync=self._syncing(before["fsync"]),
            rename=self._moving(before["rename"]),
            replace=self._moving(before["replace"]),
            unlink=self._removing(before["unlink"]),
            remove=self._removing(before["remove"]),
            write=self._writing(before["write"]),
            open=self._opening(before["open"]),
            posix_fallocate=self._allocating(fallocate),
        )
        vars(shutil)["disk_usage"] = self._usage(usage)
        vars(sqlite3)["connect"] = self._connecting(connect)
        try:
            yield
        finally:
            vars(os).update(before, posix_fallocate=fallocate)
            vars(shutil)["disk_usage"] = usage
            vars(sqlite3)["connect"] = connect

    # The calls.

    def _syncing(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def fsync(handle: int) -> None:
            path = _path_of(handle)
            folder = self._of(path)
            if folder is None:
                return real(handle)
            self._changes(path)
            real(handle)
            found = os.fstat(handle)
            if stat.S_ISDIR(found.st_mode):
                below = path.removeprefix(self._here).removeprefix(str(folder.root)).removeprefix("/")
                folder.names[below or "."] = _names(path)
            else:
                folder.sizes[found.st_ino] = found.st_size
            return None

        return fsync

    def _moving(self, real: Callable[..., None]) -> Callable[..., None]:
        def move(source: Any, target: Any, **more: Any) -> None:
            path = os.fspath(source)
            folder = self._of(path)
            if folder is not None:
                self._changes(path)
                self._keep(folder, os.fspath(target))
            real(source, target, **more)

        return move

    def _removing(self, real: Callable[..., None]) -> Callable[..., None]:
        def remove(path: Any, **more: Any) -> None:
            folder = None if more else self._of(os.fspath(path))
            if folder is not None:
                self._changes(os.fspath(path))
                self._keep(folder, os.fspath(path))
            real(path, **more)

        return remove

    def _writing(self, real: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
        def write(handle: int, payload: Any) -> int:
            if self.full is not None or self.fails_next or self._frozen:
                path = _path_of(handle)
                if self._of(path) is not None:
                    self._refuse_if_frozen(path)
                    self._fail_if_due(path)
            return real(handle, payload)

        return write

    def _opening(self, real: Callable[..., int]) -> Callable[..., int]:
        def opened(path: Any, flags: int, *arguments: Any, **more: Any) -> int:
            if self.full == "hard" and flags & os.O_CREAT and not more:
                name = os.fspath(path)
                # Not even a name finds room.
                if isinstance(name, str) and self._of(name) is not None and not Path(name).exists():
                    raise _no_space(name)
            return real(path, flags, *arguments, **more)

        return opened

    def _allocating(self, real: Callable[[int, int, int], None]) -> Callable[[int, int, int], None]:
        def allocate(handle: int, offset: int, size: int) -> None:
            path = _path_of(handle)
            if self._of(path) is None:
                return real(handle, offset, size)
            if self.full is not None:
                raise _no_space(path)
            # Its blocks are not really taken: nobody reads them, and memory is what the folders are in.
            return os.ftruncate(handle, offset + size)

        return allocate

    def _usage(self, real: Callable[[Any], Any]) -> Callable[[Any], Any]:
        kind = type(real("/"))

        def usage(path: Any) -> Any:
            if self._of(os.fspath(path)) is None:
                return real(path)
            return kind(2 * FREE_BYTES, FREE_BYTES, 0 if self.full is not None else FREE_BYTES)

        return usage

    def _connecting(self, real: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
        disk = self

        class Connection(sqlite3.Connection):
            """Its commits can fail, and are places of the disk."""

            path = ""

            def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
                if sql.startswith("COMMIT") and self.path:
                    disk.commits(self.path)
                return super().execute(sql, *arguments)

        def connect(database: Any, *arguments: Any, **more: Any) -> sqlite3.Connection:
            path = os.fspath(database) if isinstance(database, str | os.PathLike) else ""
            if self._of(path) is None or "factory" in more:
                return real(database, *arguments, **more)
            db = real(database, *arguments, factory=Connection, **more)
            assert isinstance(db, Connection)
            db.path = path
            return db

        return connect

    def commits(self, path: str) -> None:
        """Before a commit of a database."""
        self._before_change(path.removeprefix(self._here))
        if self.fails_next:
            self.fails_next = False
            self.failures += 1
            raise _sqlite_error("disk I/O error", sqlite3.SQLITE_IOERR_WRITE)
        if self.full is not None and self._has_no_room(path):
            self.failures += 1
            raise _sqlite_error("database or disk is full", sqlite3.SQLITE_FULL)

    def _changes(self, path: str) -> None:
        if self._frozen:
            self._refuse_if_frozen(path)
        self._before_change(path.removeprefix(self._here))
        if self.fails_next:
            self._fail_if_due(path)

    def _refuse_if_frozen(self, path: str) -> None:
        folder = self._of(path)
        if folder is not None and str(folder.root) in self._frozen:
            raise OSError(errno.EIO, "its process has ended", path)

    def _fail_if_due(self, path: str) -> None:
        if self.fails_next:
            self.fails_next = False
            self.failures += 1
            # The whole path differs from run to run, and is told in alerts.
            raise OSError(errno.EIO, os.strerror(errno.EIO), Path(path).name)
        if self.full is not None and self._has_no_room(path):
            self.failures += 1
            raise _no_space(path)

    def _has_no_room(self, path: str) -> bool:
        folder = self._of(path)
        return self.full == "hard" or (folder is not None and (folder.root / BALLAST).exists())

    # What is durable.

    def _of(self, path: str) -> _LabFolder | None:
        path = path.removeprefix(self._here)
        for root, folder in self._folders.items():
            if path == root or path.startswith(f"{root}/"):
                return folder
        return None

    def _graveyard(self, folder: _LabFolder) -> Path:
        return folder.root.parent / f"{folder.root.name}.{GRAVEYARD}"

    def _aside(self, folder: _LabFolder) -> Path:
        return folder.root.parent / f"{folder.root.name}.{ASIDE}"

    def _keep(self, folder: _LabFolder, path: str) -> None:
        """Keep the content of a file whose name is about to go: until the folder is synced, it may return."""
        gone = Path(path)
        if not gone.is_file() or gone.is_symlink() or _is_left_alone(gone):
            return
        graveyard = self._graveyard(folder)
        graveyard.mkdir(exist_ok=True)
        kept = graveyard / str(gone.stat().st_ino)
        if not kept.exists():
            os.link(gone, kept)

    def _lose_names(self, folder: _LabFolder, name: str, loses: str, chance: Random) -> None:
        path = folder.root / name
        if not path.is_dir():
            return
        durable, now = folder.names[name], _names(path)
        for each in sorted(durable.keys() | now.keys()):
            at = path / each
            if durable.get(each) == now.get(each) or _is_left_alone(at) or at.is_dir():
                continue
            if loses == "torn" or (loses == "some" and chance.random() < 0.5):
                continue
            old = None if each not in durable else self._found(folder, durable[each])
            if at.exists():
                at.unlink()
            if old is not None:
                os.link(old, at)

    def _found(self, folder: _LabFolder, number: int) -> Path | None:
        kept = self._graveyard(folder) / str(number)
        if kept.exists():
            return kept
        known = (path for path in sorted(folder.root.rglob("*")) if path.is_file())
        return next((path for path in known if path.stat().st_ino == number), None)


def _path_of(handle: int) -> str:
    return os.readlink(f"/proc/self/fd/{handle}")  # noqa: PTH115  (for each file that is synced)


def _names(path: str | Path) -> dict[str, int]:
    with os.scandir(path) as entries:
        return {entry.name: entry.inode() for entry in entries}


def _is_left_alone(path: Path) -> bool:
    return path.name.endswith(OF_SQLITE) or path.name in NOT_KEPT


def _lose_content(path: Path, durable: int, loses: str, chance: Random) -> None:
    size = path.stat().st_size
    if size <= durable:
        return
    match loses:
        case "all":
            keeps = durable
        case "torn":
            keeps = chance.randint(durable, size)
        case _:
            keeps = chance.choice((durable, size))
    os.truncate(path, keeps)


def _no_space(path: str) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), Path(path).name)


def _sqlite_error(text: str, code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    vars(error).update(sqlite_errorcode=code)
    return error
