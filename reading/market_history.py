"""DVOL over the whole life of a data folder, and a position's P&L at its stored marks.

Both are read once and then only added to: years of snapshots are not read again for each look.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from actors.state.database import MARKET_FILE
from actors.state.stored_market import MarketReader, market_read
from actors.state.tables.records import MarketSnapshotRow
from core.orders.books import Position
from core.statistics.marked import pnl_at_marks_eth, pnl_at_marks_usd

ROWS_AT_ONCE: Final = 2_000
"""Of DVOL: read in well under 0.1 s."""
MARKS_AT_ONCE: Final = timedelta(days=4)
"""Of whole snapshots, one an hour: each has to be unpacked."""

__all__ = ["Levels", "MarketHistory", "MarketSnapshotRow", "PathMark", "marks_eth_of"]


@dataclass(frozen=True, slots=True)
class Levels:
    """DVOL in points at times in seconds since 1970, ascending; as long as each other, in single precision.

    The arrays grow, so `count` says how many of their values belong to this look.
    """

    at_s: array[float]
    dvol: array[float]
    count: int

    def at(self, index: int) -> datetime:
        return datetime.fromtimestamp(self.at_s[index], UTC)


@dataclass(frozen=True, slots=True)
class PathMark:
    """The index and the P&L of a position at one stored snapshot; None where a leg had no mark."""

    at: datetime
    spot_usd: float
    pnl_eth: Decimal | None
    pnl_usd: Decimal | None


@dataclass
class _Path:
    """What was read so far of one position, as it was booked then."""

    position: Position
    read_to: datetime
    marks: list[PathMark] = field(default_factory=list)


class MarketHistory:
    """The stored snapshots of one folder. Used by one thread at a time."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._file: tuple[int, int] | None = None
        self._forget()

    def _forget(self) -> None:
        self._at, self._dvol = array("d"), array("f")
        self._last: datetime | None = None
        self._behind = False
        self._newest: MarketSnapshotRow | None = None
        self._paths: dict[str, _Path] = {}

    @property
    def levels(self) -> Levels:
        """What was read so far."""
        return Levels(self._at, self._dvol, len(self._at))

    @property
    def newest(self) -> MarketSnapshotRow | None:
        """The newest snapshot with its quotes; None if none was stored."""
        return self._newest

    @property
    def is_behind(self) -> bool:
        """Whether the last reading was cut short, so that there is more to read although no file changes."""
        return self._behind or any(path.read_to < self._last for path in self._paths.values() if self._last)

    def read(self, live: tuple[Position, ...], go_on: Callable[[], bool]) -> None:
        """Read what is new, as long as `go_on` is true; the next call takes up where this one ended.

        Raises FoundWrongError if the file can't be read.
        """
        self._look_at_the_file()
        with market_read(self._data_dir) as market:
            if market is None:
                return
            while rows := market.levels(self._last, ROWS_AT_ONCE):
                for row in rows:
                    self._at.append(row.at.timestamp())
                    self._dvol.append(row.dvol)
                self._last = rows[-1].at
                self._behind = len(rows) == ROWS_AT_ONCE
                if not self._behind or not go_on():
                    break
            if self._newest is None or self._newest.at != self._last:
                self._newest = market.newest()
            self._paths = {each.position_id: self._path(each) for each in live if each.entered_at is not None}
            for path in self._paths.values():
                self._follow(market, path, go_on)

    def path(self, position: Position) -> tuple[PathMark, ...]:
        """The hours since the entry of a live position, as far as they were read, oldest first."""
        found = self._paths.get(position.position_id)
        return () if found is None else tuple(found.marks)

    def _look_at_the_file(self) -> None:
        """A damaged file is put aside and another one begun: what was read of the first is forgotten."""
        try:
            found = (self._data_dir / MARKET_FILE).stat()
        except FileNotFoundError:
            self._file = None
            self._forget()
            return
        identity = (found.st_dev, found.st_ino)
        if identity != self._file:
            self._file = identity
            self._forget()

    def _path(self, position: Position) -> _Path:
        known = self._paths.get(position.position_id)
        # Once something more was booked, what came before it stands as it was read.
        if known is not None:
            known.position = position
            return known
        assert position.entered_at is not None
        return _Path(position, position.entered_at)

    def _follow(self, market: MarketReader, path: _Path, go_on: Callable[[], bool]) -> None:
        last = self._last
        while last is not None and path.read_to < last and go_on():
            until = min(path.read_to + MARKS_AT_ONCE, last)
            for snapshot in market.hourly(path.read_to, until):
                # A part of an hour that was looked at before has its mark already.
                if not path.marks or _hour(snapshot.at) != _hour(path.marks[-1].at):
                    path.marks.append(_mark(path.position, snapshot))
            path.read_to = until


def marks_eth_of(quotes: str) -> dict[str, Decimal]:
    """The marks of a stored snapshot, ETH per contract by instrument.

    A broken quote is stored as it came, with NaN for a mark, and left out.

    Raises ValueError, TypeError, LookupError or ArithmeticError if they are not what the engine stores.
    """
    found = {str(row[0]): Decimal(str(row[3])) for row in json.loads(quotes)}
    return {name: mark_eth for name, mark_eth in found.items() if mark_eth.is_finite()}


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _mark(position: Position, snapshot: MarketSnapshotRow) -> PathMark:
    try:
        marks_eth = marks_eth_of(snapshot.quotes)
    except (ValueError, TypeError, LookupError, ArithmeticError):
        # One snapshot that can't be read leaves a gap in the curve, as one without these legs does.
        marks_eth = {}
    return PathMark(
        at=snapshot.at,
        spot_usd=snapshot.spot_usd,
        pnl_eth=pnl_at_marks_eth(position, marks_eth),
        pnl_usd=pnl_at_marks_usd(position, marks_eth, snapshot.spot_usd),
    )
