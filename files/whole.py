"""Writes a file as a whole: who reads it finds the old content or the new one, never half of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final

Parts = Iterable[bytes | memoryview]
_NOT_HERE: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV})
"""A folder that can't be written in, or a file that is mounted by itself: it may be written in place."""
_NOT_RESERVED: Final = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})
"""A file system that can't tell beforehand whether there is room."""
_FOLDERS_OF_HANDLES: Final = (Path("/dev"), Path("/dev/fd"), Path("/proc/self/fd"))


def write_whole(path: Path, content: bytes) -> None:
    """Write the file, or leave it as it was; a link stays a link, and a file keeps its owner and mode.

    A device or a pipe, as /dev/stdout, is written to: replacing it would make a file of it for everybody.
    Raises `OSError`.
    """
    if path.parent in _FOLDERS_OF_HANDLES or (path.exists() and not path.is_file()):
        path.write_bytes(content)
        return
    target = path.resolve()
    if not target.exists():
        replace_whole(target, (content,), 0o666)
    elif os.access(target, os.W_OK, effective_ids=True):
        rewrite_whole(target, content)
    else:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def rewrite_whole(path: Path, content: bytes, *, is_synced: bool = False) -> bool:
    """Give a file that is there another content, or leave it as it was; it keeps its owner and mode.

    True if a new file took its place, whose name is on disk once the folder is synced; False if it was
    written in place. With `is_synced` the content is on disk in either case. Raises `OSError`.
    """
    try:
        replace_whole(path, (content,), 0o600, path.stat(), is_synced=is_synced)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        _write_in_place(path, content, is_synced=is_synced)
        return False
    return True


def _write_in_place(path: Path, content: bytes, *, is_synced: bool) -> None:
    """Write into the file if there is room for all of it. Raises `OSError`; without room it is left."""
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    with os.fdopen(handle, "wb") as file:
        before = os.fstat(handle).st_size
        try:
            if content:
                os.posix_fallocate(handle, 0, len(content))
        except OSError as error:
            os.ftruncate(handle, before)
            if error.errno not in _NOT_RESERVED:
                raise
        file.write(content)
        file.truncate()
        _end(file, is_synced=is_synced)


def replace_whole(
    path: Path,
    parts: Parts,
    mode: int,
    before: os.stat_result | None = None,
    *,
    is_synced: bool = False,
) -> None:
    """Put a new file in place of what is there, with owner and mode of `before`, else with `mode` and the
    process's own mask. With `is_synced` its content is on disk before it has the name. Raises `OSError` with
    nothing changed."""
    draft, file = _new_beside(path, mode)
    try:
        with file:
            if before is not None:
                os.fchmod(file.fileno(), stat.S_IMODE(before.st_mode))
                if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
            file.writelines(parts)
            _end(file, is_synced=is_synced)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _end(file: BinaryIO, *, is_synced: bool) -> None:
    file.flush()
    if is_synced:
        os.fsync(file.fileno())


def _new_beside(path: Path, mode: int) -> tuple[Path, BinaryIO]:
    """A file in the same folder that nobody else has, to be written."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    for number in count():
        draft = path.with_name(f".{os.getpid()}-{number}.part")
        try:
            return draft, os.fdopen(os.open(draft, flags, mode), "wb")
        except FileExistsError:
            continue
    raise AssertionError
