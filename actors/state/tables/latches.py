"""The latches on entries, one row for each source."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import NamedTuple

from actors.state.columns import maybe_time_of, time_of, time_text
from core.orders.books import EntryLatch, LatchSource

_COLUMNS = "source, latched, reason, who, at, word, resumed_at"
_ALL = f"SELECT {_COLUMNS} FROM entry_latches ORDER BY source"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class LatchRow(NamedTuple):
    """`word`: the number of the inbox row that set or lifted it, or of the last one before that."""

    latch: EntryLatch
    word: int


def of(db: sqlite3.Connection, source: LatchSource) -> LatchRow | None:
    """The row of a source; None if it has never blocked entries."""
    row = db.execute(f"SELECT {_COLUMNS} FROM entry_latches WHERE source = ?", (source,)).fetchone()
    return None if row is None else _read(row)


def everything(db: sqlite3.Connection) -> tuple[EntryLatch, ...]:
    """Every row. Raises ValueError if one holds what its column can't have."""
    return tuple(_read(row).latch for row in db.execute(_ALL))


def as_the_gate_takes_them(db: sqlite3.Connection) -> tuple[EntryLatch, ...]:
    """Every row; one that can't be read blocks entries, and state goes on: exits need the books."""
    latches = []
    for row in db.execute(_ALL):
        try:
            latches.append(_read(row).latch)
        except ValueError as error:
            is_known = row[0] in list(LatchSource)
            latches.append(
                EntryLatch(
                    source=LatchSource(row[0]) if is_known else LatchSource.OPERATOR,
                    latched=True,
                    reason=f"its row in the books can't be read: {error}",
                    who="unknown",
                    at=LONG_AGO,
                )
            )
    return tuple(latches)


def write(db: sqlite3.Connection, row: LatchRow) -> None:
    latch = row.latch
    resumed_at = None if latch.resumed_at is None else time_text(latch.resumed_at)
    values = (latch.source, latch.latched, latch.reason, latch.who, time_text(latch.at), row.word, resumed_at)
    db.execute(f"INSERT OR REPLACE INTO entry_latches ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def _read(row: tuple[str, int, str, str, str, int, str | None]) -> LatchRow:
    latch = EntryLatch(
        source=LatchSource(row[0]),
        latched=bool(row[1]),
        reason=row[2],
        who=row[3],
        at=time_of(row[4]),
        resumed_at=maybe_time_of(row[6]),
    )
    return LatchRow(latch, row[5])
