"""Reads the engine and its folder once for all who ask within a second, and never for long."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Final

from pydantic import ValidationError

from actors.state.tables.figures import BooksFigures
from core.errors import CerberoError
from core.messages.arm_cause import ArmCause
from core.messages.engine_status import EngineStatus
from reading.engine_lock import running_engine
from reading.engine_status import engine_status
from reading.errors import DataFolderError
from reading.log_end import LogEnd, has_log, log_end
from reading.metrics import table
from reading.metrics.from_folder import put_books, put_disk, put_without_engine, read_books
from reading.metrics.from_status import put_status
from reading.metrics.labels import ReadPart
from reading.metrics.series import Figures

AGAIN_AFTER_S: Final = 1.0
"""The engine is asked no more often, however many ask."""
BOOKS_S_MAX: Final = 0.2
"""No reading of the books lasts longer: meanwhile SQLite can't shorten their journal."""

logger = logging.getLogger(__name__)


class MetricsReader:
    """The figures of one data folder. Used by several threads.

    `armed_by` says what has armed the switch without an engine, None if nothing has. The books are looked at
    even if the engine answers, because they say what was before its start.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        armed_by: Callable[[Path], Collection[ArmCause] | None],
        status: Callable[[Path], EngineStatus] = engine_status,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._data_dir = data_dir
        self._armed_by = armed_by
        self._status = status
        self._clock = clock
        self._lock = Lock()
        self._read_at: float | None = None
        self._figures = Figures(table.TABLE)
        self._failures = dict.fromkeys(ReadPart, 0)
        self._problems: dict[ReadPart, str | None] = dict.fromkeys(ReadPart)

    def figures(self) -> Figures:
        """The figures, at most a second old."""
        with self._lock:
            if self._read_at is None or self._clock() - self._read_at >= AGAIN_AFTER_S:
                self._figures = self._read()
                self._read_at = self._clock()
            return self._figures

    def _read(self) -> Figures:
        figures = Figures(table.TABLE)
        put_disk(figures, self._data_dir)
        books, damage = self._books(figures)
        status = self._engine(figures)
        held = self._is_held()
        if status is not None:
            put_status(figures, status)
        else:
            # Who holds the folder may be writing: the log is then ahead for a moment.
            ends = LogEnd() if held else self._log_end()
            armed, causes = self._stored_switch()
            put_without_engine(
                figures,
                books,
                armed=armed,
                armed_by=causes,
                damage=damage,
                has_log=has_log(self._data_dir),
                ends=ends,
            )
            is_known = books is not None and not held and ends.damage is None
            figures.put(table.BOOKS_OLDER, ends.lost is not None if is_known else None)
        figures.put(table.UP, status is not None)
        figures.put(table.LOCK_HELD, held)
        figures.put(table.BOOKS_READABLE, books is not None)
        for part in ReadPart:
            figures.put(table.READ_FAILURES, self._failures[part], part)
        return figures

    def _books(self, figures: Figures) -> tuple[BooksFigures | None, str | None]:
        """The books' figures, or what is wrong with them; neither if there are none."""
        began = self._clock()

        def too_long() -> bool:
            return self._clock() - began >= BOOKS_S_MAX

        try:
            found = read_books(self._data_dir, too_long)
            if found is not None:
                put_books(figures, found)
        except CerberoError as error:
            slow = f" (given up after {BOOKS_S_MAX:g} s; is the machine overloaded?)" if too_long() else ""
            self._failed(ReadPart.BOOKS, f"{error}{slow}")
            return None, str(error)
        finally:
            figures.put(table.READ_SECONDS, self._clock() - began, ReadPart.BOOKS)
        self._went_well(ReadPart.BOOKS)
        return found, None

    def _engine(self, figures: Figures) -> EngineStatus | None:
        began = self._clock()
        try:
            status = self._status(self._data_dir)
        except CerberoError as error:
            self._failed(ReadPart.STATUS, str(error))
            return None
        except ValidationError as error:
            # What it says may be long, and of no use to who reads the log.
            text = f"its status has {error.error_count()} parts that this version does not know"
            self._failed(ReadPart.STATUS, f"the engine is of another version: {text}; restart both")
            return None
        finally:
            figures.put(table.READ_SECONDS, self._clock() - began, ReadPart.STATUS)
        self._went_well(ReadPart.STATUS)
        return status

    def _stored_switch(self) -> tuple[bool | None, Collection[ArmCause] | None]:
        """Whether it is armed, None if that can't be read, and by what."""
        try:
            causes = self._armed_by(self._data_dir)
        except CerberoError:
            return None, None  # What can't be read is told by the books' own figure.
        return causes is not None, causes

    def _log_end(self) -> LogEnd:
        try:
            return log_end(self._data_dir)
        except CerberoError:
            return LogEnd()  # What can't be read is told by the books' own figure.

    def _is_held(self) -> bool:
        try:
            return running_engine(self._data_dir) is not None
        except DataFolderError:
            return False

    def _failed(self, part: ReadPart, problem: str) -> None:
        """Count it, and log it once for as long as it stays the same."""
        self._failures[part] += 1
        if problem != self._problems[part]:
            logger.warning("metrics: no %s: %s", part.value, problem)
        self._problems[part] = problem

    def _went_well(self, part: ReadPart) -> None:
        if self._problems[part] is not None:
            logger.warning("metrics: %s is read again", part.value)
        self._problems[part] = None
