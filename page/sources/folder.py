"""Reads a data folder whenever it has changed, on one thread, and never for long at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from time import monotonic
from typing import Final

from core.errors import CerberoError, ReadingGivenUpError
from core.messages.room_status import AlertRow
from core.orders.books import CycleRow, Position
from page.memory import give_back
from reading.books import has_books, newest_rows
from reading.entry_history import EntryHistory, EntrySeen
from reading.errors import EmptyBooksError
from reading.market_history import Levels, MarketHistory, MarketSnapshotRow, PathMark
from reading.trading import TradingReport

AGAIN_AFTER_S: Final = 1.0
WAIT_S: Final = 0.15
"""A page waits no longer for what changed meanwhile, and then shows what was read before."""
FIRST_WAIT_S: Final = 1.0
READING_S_MAX: Final = 0.8
"""What is not read of the market by then is read at the next look."""
TRIES_MAX: Final = 3
"""On a busy machine a read that was given up is tried again at once, in a new transaction."""
MakeReport = Callable[[Path], TradingReport]
"""Raises CerberoError if there can be none."""
FILES: Final = ("cerbero.db", "cerbero.db-wal", "market.db", "market.db-wal")


@dataclass(frozen=True, slots=True)
class FolderSaid:
    """What a folder holds. A `problem` says why a part could not be read; the part is then empty.

    `read` is False before the first reading has ended.
    """

    read: bool
    has_books: bool
    books_problem: str | None
    report: TradingReport | None
    report_problem: str | None
    entries: tuple[CycleRow, ...]
    alerts: tuple[AlertRow, ...]
    positions: tuple[Position, ...]
    seen: tuple[EntrySeen, ...]
    levels: Levels
    newest: MarketSnapshotRow | None
    market_problem: str | None
    paths: dict[str, tuple[PathMark, ...]]


class FolderWatch:
    """One folder, for many threads; one of its own reads."""

    def __init__(self, data_dir: Path, report: MakeReport, *, clock: Callable[[], float] = monotonic) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._changed = Condition()
        self._reader = _FolderReader(data_dir, report, clock)
        self._reading = False
        self._read_at_s: float | None = None
        self._said = self._reader.nothing_yet()

    def begin(self) -> None:
        """Read now if that is due; who looks next waits the shorter."""
        with self._changed:
            due = self._read_at_s is None or self._clock() - self._read_at_s >= AGAIN_AFTER_S
            if due and not self._reading:
                self._reading = True
                try:
                    Thread(target=self._run, name="page-reads", daemon=True).start()
                except RuntimeError:
                    self._reading = False  # The next look tries again; what was read last is shown meanwhile.

    def look(self) -> FolderSaid:
        """What the folder says, as far as it can be read in a moment."""
        began_s = self._clock()
        self.begin()
        with self._changed:
            wait_s = WAIT_S if self._said.read else FIRST_WAIT_S
            while self._reading and (left_s := began_s + wait_s - self._clock()) > 0:
                self._changed.wait(left_s)
            return self._said

    def _run(self) -> None:
        said = self._said
        try:
            before = said
            for _ in range(TRIES_MAX):
                said = self._reader.read(said)
                if not self._reader.gave_up:
                    break
            if said is not before:
                give_back()
        finally:
            with self._changed:
                self._said, self._read_at_s, self._reading = said, self._clock(), False
                self._changed.notify_all()


class _FolderReader:
    """What is read is kept, and only added to."""

    def __init__(self, data_dir: Path, report: MakeReport, clock: Callable[[], float]) -> None:
        self._data_dir = data_dir
        self._report = report
        self._clock = clock
        self._market = MarketHistory(data_dir)
        self._entries = EntryHistory(data_dir)
        self._files: tuple[tuple[int, int, int] | None, ...] = ()
        self._whole = False
        self._report_key: object = None
        self.gave_up = False
        """Whether the last reading took too long, so that a part of it is still to be read."""

    def nothing_yet(self) -> FolderSaid:
        return FolderSaid(
            read=False,
            has_books=False,
            books_problem=None,
            report=None,
            report_problem=None,
            entries=(),
            alerts=(),
            positions=(),
            seen=(),
            levels=self._market.levels,
            newest=None,
            market_problem=None,
            paths={},
        )

    def read(self, before: FolderSaid) -> FolderSaid:
        """What is new in the folder; `before` itself if its files are as they were."""
        files = tuple(_stamp(self._data_dir / name) for name in FILES)
        if before.read and files == self._files and self._whole:
            return before
        if self._files and (files[0] is None or self._files[0] is None or files[0][0] != self._files[0][0]):
            # Other books are there, as after a restore: what was read of the first is forgotten.
            self._entries, self._report_key = EntryHistory(self._data_dir), None
        positions, entries, alerts, seen = before.positions, before.entries, before.alerts, before.seen
        report, report_problem, books_problem = before.report, before.report_problem, None
        self.gave_up = False
        try:
            found = has_books(self._data_dir)
            positions, entries, alerts = newest_rows(self._data_dir) if found else ((), (), ())
            self._entries.read()
            seen = self._entries.seen
            report, report_problem = self._trading(before, positions, entries)
        except ReadingGivenUpError:
            # What was read before stands, and the next look reads on.
            found, self.gave_up = before.has_books, True
        except CerberoError as error:
            found, books_problem = True, str(error)
            positions, entries, alerts, report, report_problem = (), (), (), None, str(error)
        market_problem = self._read_market(positions, self._clock() + READING_S_MAX)
        # A reading that was cut short is taken up although no file changes.
        levels = self._market.levels
        self._whole = not self.gave_up and (market_problem is not None or not self._market.is_behind)
        self._files = files
        return FolderSaid(
            read=before.read or not self.gave_up,
            has_books=found,
            books_problem=books_problem,
            report=report,
            report_problem=report_problem,
            entries=entries,
            alerts=alerts,
            positions=positions,
            seen=seen,
            levels=levels,
            newest=self._market.newest,
            market_problem=market_problem,
            paths={each.position_id: self._market.path(each) for each in positions},
        )

    def _trading(
        self, before: FolderSaid, positions: tuple[Position, ...], entries: tuple[CycleRow, ...]
    ) -> tuple[TradingReport | None, str | None]:
        """The report, made anew if a trade, an entry or new marks of what is open came; None of empty books.

        Means and their intervals cost a third of a second over three years.
        """
        newest = self._market.newest if positions else None
        key = (
            [(each.position_id, each.contracts, each.pnl_eth, each.state) for each in positions],
            [(each.cycle_id, each.outcome) for each in entries],
            None if newest is None else newest.at,
        )
        if self._report_key == key and before.report_problem is None and before.report is not None:
            return before.report, None
        self._report_key = key
        try:
            return self._report(self._data_dir), None
        except EmptyBooksError:
            return None, None
        except CerberoError as error:
            return None, str(error)

    def _read_market(self, positions: tuple[Position, ...], until_s: float) -> str | None:
        try:
            self._market.read(positions, lambda: self._clock() < until_s)
        except CerberoError as error:
            return str(error)
        return None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Which file it is, and what changes as soon as it is written to; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
