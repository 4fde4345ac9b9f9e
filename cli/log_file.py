"""The file of the log: a new one each UTC day; old ones are compressed, and their folder is bounded."""

from __future__ import annotations

import errno
import gzip
import logging
import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import TextIOWrapper
from logging.handlers import BaseRotatingHandler
from pathlib import Path

from reading.log_lines import DAY_FILE, LOG_FILE, log_files

FILE_BYTES_MAX = 20 * 1024 * 1024
"""A day that writes more gets more files."""
FOLDER_BYTES_MAX = 200 * 1024 * 1024
"""Beyond it the oldest files are deleted."""
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
COMPRESS_AFTER = timedelta(days=30)


class DayLog(BaseRotatingHandler):
    """Writes to `LOG_FILE`, which gets its day's name when the day is over. The day is the system's clock's.

    Reports once on stderr that the log can't be written; the engine goes on without it.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        self._is_told = False
        path = folder / LOG_FILE
        self._day = self._day_of(path)
        super().__init__(path, "a", encoding="utf-8")

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: ARG002, N802  (the library's name)
        """Whether the day is over, the file is as large as one may become, or somebody has taken it away."""
        if self.stream is None:
            return False
        if self._is_gone():
            return True
        if not Path(self.baseFilename).is_file():
            return False  # A device: there is nothing to give a name to.
        return self._now().date() != self._day or self.stream.tell() >= FILE_BYTES_MAX

    def doRollover(self) -> None:  # noqa: N802
        """Give the file, if it is there, the name of its day, begin a new one, and tidy up the old ones."""
        is_gone = self._is_gone()
        if self.stream is not None:
            self.stream.close()
            self.stream = None
        day, self._day = self._day, self._now().date()
        try:
            if not is_gone:
                Path(self.baseFilename).rename(self._next_name(day))
            self._tidy_up()
        finally:
            self.stream = self._open()

    def _open(self) -> TextIOWrapper:
        """Without waiting for anybody: a pipe that nobody reads would keep the engine from its start."""
        try:
            handle = os.open(self.baseFilename, _APPEND | os.O_NONBLOCK, 0o666)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            text = "expected a file, or what somebody reads, found a pipe that nobody reads"
            raise OSError(errno.EINVAL, text, self.baseFilename) from None
        os.set_blocking(handle, True)
        return os.fdopen(handle, "a", encoding=self.encoding, errors=self.errors)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Report an OSError of the write, in whose `except` this is called; other errors are bugs."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self._tell(error)
        else:
            super().handleError(record)

    def close(self) -> None:
        try:
            super().close()
        except OSError as error:
            self._tell(error)

    def _is_gone(self) -> bool:
        """Whether what is written to is no longer the file of that name."""
        if self.stream is None:
            return False
        try:
            found = Path(self.baseFilename).stat()
        except OSError:
            return True
        own = os.fstat(self.stream.fileno())
        return (found.st_dev, found.st_ino) != (own.st_dev, own.st_ino)

    def _tell(self, error: OSError) -> None:
        if not self._is_told:
            self._is_told = True
            sys.stderr.write(f"log: {self.baseFilename} can't be written: {error.strerror or error}\n")

    def _day_of(self, path: Path) -> date:
        """The day of a file that an earlier process has left, else today."""
        if path.is_file() and (found := path.stat()).st_size:
            return datetime.fromtimestamp(found.st_mtime, UTC).date()
        return self._now().date()

    def _next_name(self, day: date) -> Path:
        """The name of that day after all that are there: the oldest may be deleted already."""
        last = max((found.number for found in log_files(self._folder) if found.day == day), default=0)
        number = f".{last + 1}" if last else ""
        return self._folder / DAY_FILE.format(day=day.isoformat(), number=number)

    def _tidy_up(self) -> None:
        before = self._now().date() - COMPRESS_AFTER
        for found in log_files(self._folder):
            if found.day is not None and found.day < before and found.path.suffix != ".gz":
                _compress(found.path)
        left = FOLDER_BYTES_MAX
        for found in reversed(log_files(self._folder)):
            left -= found.path.stat().st_size
            if left < 0 and found.day is not None:
                found.path.unlink()


def _compress(path: Path) -> None:
    """Replace the file by its compressed form; one of both is whole at any time."""
    target = path.with_name(f"{path.name}.gz")
    draft = path.with_name(f"{path.name}.gz.draft")
    with path.open("rb") as source, gzip.open(draft, "wb") as sink:
        shutil.copyfileobj(source, sink)
    draft.replace(target)
    path.unlink()
