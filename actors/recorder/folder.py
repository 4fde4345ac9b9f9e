"""The folder `record` of a data folder: three files a day, to which whole gzip members are appended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Protocol

from actors.failpoints import Failpoint, reach
from core.record.members import packed, whole_members
from core.record.names import RECORD_FOLDER, RecordFile, named_record, record_name

DAYS_PRUNED_AT_ONCE: Final = 3
"""The oldest days go first, and no more at a time: a clock that ran ahead must not cost the record."""
FREE_BYTES_MIN: Final = 512 * 1024 * 1024
"""With less free on the disk nothing is recorded: the rest is for the books. Below half of it entries are
suspended."""
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class RecordFiles(Protocol):
    """What the recorder's room needs. Every method may hang, and raises OSError."""

    def append(self, what: RecordFile, day: date, header: bytes, content: bytes) -> str | None:
        """Add one member, which is on the disk when this returns; the first of a file begins with `header`.

        Returns what had to be cut off first, for a person; None if the file was whole.
        """

    def prune(self, today: date) -> int:
        """Remove what is too old, and return how many files that were."""


class RecordFolder:
    """One for all lives of the room. A thread that hangs in it can't be ended, so whoever comes meanwhile is
    turned away."""

    def __init__(self, data_dir: Path, days_kept: int) -> None:
        self._folder = data_dir / RECORD_FOLDER
        self._days_kept = days_kept
        self._whole: dict[str, int] = {}
        """The lengths up to which files are known to consist of whole members."""
        self._busy = False

    def append(self, what: RecordFile, day: date, header: bytes, content: bytes) -> str | None:
        with self._alone():
            self._require_space()
            self._folder.mkdir(mode=0o700, exist_ok=True)
            path = self._folder / record_name(what, day)
            handle = os.open(path, _FLAGS, 0o600)
            try:
                cut = self._cut(path, handle)
                length = os.fstat(handle).st_size
                self._add(handle, packed(content if length else header + content), length)
                self._whole[path.name] = os.fstat(handle).st_size
            finally:
                os.close(handle)
            if not length:
                self._sync_folder()
            return cut

    def _add(self, handle: int, member: bytes, length: int) -> None:
        """All of it, or nothing."""
        try:
            view = memoryview(member)
            while view:
                view = view[os.write(handle, view) :]
            reach(Failpoint.RECORD_WRITTEN)
            os.fsync(handle)
        except OSError:
            # What an error left is cut off by the next that comes, if it can't be now.
            self._whole.clear()
            os.ftruncate(handle, length)
            raise

    def _cut(self, path: Path, handle: int) -> str | None:
        """Cut off what is no whole member, and keep it in a file of its own."""
        length = os.fstat(handle).st_size
        if self._whole.get(path.name) == length:
            return None
        file = os.pread(handle, length, 0)
        end = max((member.end for member in whole_members(file)), default=0)
        if end == length:
            return None
        aside = path.with_name(f"{path.name}.damaged")
        with aside.open("ab") as kept:
            kept.write(file[end:])
        os.ftruncate(handle, end)
        os.fsync(handle)
        reach(Failpoint.RECORD_TAIL_CUT)
        return (
            f"{path.name}: the last {length - end} of {length} bytes are not what was written whole; "
            f"they are in {aside.name}"
        )

    def prune(self, today: date) -> int:
        with self._alone():
            if not self._folder.is_dir():
                return 0
            oldest = today - timedelta(days=self._days_kept)
            old: dict[date, list[Path]] = {}
            for path in self._folder.iterdir():
                named = named_record(path.name)
                if named is not None and named.day < oldest:
                    old.setdefault(named.day, []).append(path)
            doomed = [path for day in sorted(old)[:DAYS_PRUNED_AT_ONCE] for path in sorted(old[day])]
            for path in doomed:
                path.unlink()
                reach(Failpoint.RECORD_PRUNED)
            return len(doomed)

    def _require_space(self) -> None:
        found = os.statvfs(self._folder.parent)
        free = found.f_bavail * found.f_frsize
        if free < FREE_BYTES_MIN:
            raise OSError(
                f"{free // 2**20} MiB free at {self._folder.parent}, expected {FREE_BYTES_MIN // 2**20} "
                "before the record may take more"
            )

    def _sync_folder(self) -> None:
        for folder in (self._folder, self._folder.parent):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._busy:
            raise OSError(f"{self._folder}: an earlier write hangs in it")
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
