"""A small sound file of mapped snapshots, of which tests spoil one thing at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lab.backtest.column_map import ColumnMap
from lab.backtest.columns_cache import kept_columns
from lab.backtest.mapped_market import MappedMarket

HEADER = ("at", "expires", "type", "strike", "index", "bid", "ask", "mark", "iv", "delta")
NAMES = ColumnMap(
    time="at",
    expiration="expires",
    kind="type",
    put="p",
    strike="strike",
    spot="index",
    bid="bid",
    ask="ask",
    mark="mark",
    iv="iv",
    delta="delta",
)
TIMES = ("2026-01-05T14:00:00Z", "2026-01-05T18:00:00Z")
STRIKES = tuple(range(2000, 4000, 100))
"""So many that a search by steps that double passes over most of them."""


def sound_rows() -> list[list[str]]:
    """Both sides of one expiry in two snapshots: 80 rows."""
    return [
        [at, "2026-01-16", kind, str(strike), "3000", "0.01", "0.0105", "0.0102", "0.6", delta]
        for at in TIMES
        for kind, delta in (("c", "0.3"), ("p", "-0.3"))
        for strike in STRIKES
    ]


def changed_rows(row: int, **fields: str) -> list[list[str]]:
    """The sound rows with other fields in one of them, which is counted from 0."""
    rows = sound_rows()
    for name, text in fields.items():
        rows[row][HEADER.index(name)] = text
    return rows


def csv_text(rows: Iterable[Sequence[str]], header: Sequence[str] = HEADER) -> str:
    return "".join(f"{','.join(fields)}\n" for fields in (header, *rows))


def market_of(path: Path, names: ColumnMap = NAMES) -> MappedMarket:
    """As a backtest opens it; what was read is kept beside the file."""
    return MappedMarket(kept_columns(path, names, path.parent / "cache"), names, 10.0, label=str(path))
