"""Opens only what a person means by a file: anything may lie under its name, and reading a pipe, a socket or
a device may never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

BESIDE_DATABASE: Final = ("-wal", "-shm", "-journal")
"""What SQLite opens beside a database, by the ends of the names."""
_EXPECTED: Final = "expected a plain file"
_KINDS: Final = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class PlainFileError(OSError):
    """Something else than a plain file lies under the name."""


def open_plain(path: Path, flags: int = os.O_RDONLY) -> int:
    """A handle of a plain file, or of what a link leads to, at once whatever lies there.

    Raises PlainFileError, which says what was found instead, and other OSError.
    """
    try:
        handle = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        # A pipe that nobody reads, a socket, and a folder that is to be written are refused unopened.
        if error.errno in (errno.ENXIO, errno.EISDIR):
            require_plain(path)
        if error.errno == errno.ENOENT and path.is_symlink():
            raise PlainFileError(errno.EINVAL, f"{_EXPECTED}, found a link to nothing", str(path)) from error
        raise
    try:
        _require(path, os.fstat(handle).st_mode)
    except BaseException:
        os.close(handle)
        raise
    return handle


def read_plain(path: Path) -> BinaryIO:
    """The bytes of a plain file as a stream. Raises OSError as `open_plain`."""
    return os.fdopen(open_plain(path), "rb")


def plain_bytes(path: Path) -> bytes:
    """All bytes of a plain file. Raises OSError as `open_plain`."""
    with read_plain(path) as stream:
        return stream.read()


def require_plain(path: Path, beside: tuple[str, ...] = ()) -> None:
    """For a file that a library opens by its name, and for what it opens beside it, under names with more at
    their end. Raises PlainFileError; a file that is not there is no fault."""
    for end in ("", *beside):
        named = path.with_name(path.name + end)
        try:
            mode = named.stat().st_mode
        except FileNotFoundError:
            continue
        _require(named, mode)


def _require(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        found = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise PlainFileError(errno.EINVAL, f"{_EXPECTED}, found {found}", str(path))
