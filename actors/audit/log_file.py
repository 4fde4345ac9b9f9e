"""How the log is kept: each append survives a power cut, or nobody resumes the run and nothing is synced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, Final, Protocol

from actors.audit.durable import make_folder
from actors.audit.files import AuditPositionError, append_bytes
from actors.held_place import ANY_PLACE, DataPlace
from core.messages.audit import AuditBatch

BUFFER_BYTES: Final = 1 << 20


class LogKept(Protocol):
    """Appends batches to the day's file."""

    @property
    def is_lasting(self) -> bool:
        """Whether files are kept for years: old ones are then compressed, and the folder is looked after."""

    def begin(self, folder: Path) -> None:
        """Make the folder, unless it is there. Raises OSError."""

    def append(self, folder: Path, batch: AuditBatch, check_live: Callable[[], None]) -> None:
        """Append at the batch's offset. Raises AuditPositionError, OSError, and what `check_live` raises once
        a successor has taken over."""


class SyncedFiles:
    """The log of an engine that trades: a batch is on the disk when `append` returns.

    Nothing is written once the data folder is elsewhere.
    """

    is_lasting = True

    def __init__(self, place: DataPlace = ANY_PLACE) -> None:
        self._place = place

    def begin(self, folder: Path) -> None:
        """As `LogKept.begin`."""
        self._place.require()
        make_folder(folder)

    def append(self, folder: Path, batch: AuditBatch, check_live: Callable[[], None]) -> None:
        """As `LogKept.append`."""
        self._place.require()
        append_bytes(folder, batch, check_live)


SYNCED: Final = SyncedFiles()


class UnsyncedFile:
    """The log of one run of a backtest: all days in one file, written a piece at a time."""

    is_lasting = False

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._day: str | None = None
        self._bytes = 0

    def begin(self, folder: Path) -> None:
        """As `LogKept.begin`."""
        make_folder(folder)

    def append(self, folder: Path, batch: AuditBatch, check_live: Callable[[], None]) -> None:  # noqa: ARG002
        """As `LogKept.append`. No actor of a backtest hangs."""
        if self._file is None:
            self._file = (folder / "backtest.jsonl").open("wb", BUFFER_BYTES)
        if batch.file != self._day:
            self._day, self._bytes = batch.file, 0
        if batch.offset != self._bytes:
            raise AuditPositionError(f"{batch.file}: expected {batch.offset} bytes, found {self._bytes}")
        self._file.write(batch.payload)
        self._bytes += len(batch.payload)

    def close(self) -> None:
        """Write what is not written yet."""
        if self._file is not None:
            self._file.close()
