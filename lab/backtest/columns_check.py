"""Holds every row of mapped snapshots to what the reader of recorded chains takes, before anything is kept
or looked at: what is wrong in a file must be told, and never be another result."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

from core.contract import iso_utc
from core.errors import InputError
from core.market.instrument_name import EXPIRY_HOUR_UTC
from gateway.paper.csv_rows import YEARS
from gateway.paper.recorded_files import (
    INDEX_SPREAD_MAX,
    IV_MAX,
    PRICE_MAX_ETH,
    PRICE_MAX_USD,
    SNAPSHOTS_APART_MIN,
)
from lab.backtest.column_map import ColumnMap, Columns
from lab.backtest.columns_moments import DAY_S, MOMENT, SECONDS
from lab.backtest.columns_search import RowSearch

EXPIRY_S: Final = EXPIRY_HOUR_UTC * 3600
"""The second of the day at which options expire: their names tell the day alone."""
WORTH_TIMES_MAX: Final = 2.0
"""A price beyond so many times what an option can be worth is in another unit. Not less: the forward, by
which it is worth that, may be some way from the index."""
_USD_PRICES: Final = "if the file has prices in USD, divide them by the spot"
_RANGES: Final = (
    ("strike", 1.0, PRICE_MAX_USD, "a strike in USD", ""),
    ("spot", 1.0, PRICE_MAX_USD, "the index in USD", ""),
    ("bid", 0.0, PRICE_MAX_ETH, "a price in ETH", _USD_PRICES),
    ("ask", 0.0, PRICE_MAX_ETH, "a price in ETH", _USD_PRICES),
    ("mark", 0.0, PRICE_MAX_ETH, "a price in ETH", _USD_PRICES),
    ("iv", 0.0, IV_MAX, "a fraction such as 0.65", "if the file has percent, divide by 100"),
)


class RowRefusal(Protocol):
    """Makes the error about one field of one row, which is counted from 0; it knows what stands there."""

    def __call__(self, row: int, field: str, expected: str, advice: str = "") -> InputError: ...


def check_kinds(first_rows: Mapping[str, int], names: ColumnMap, refused: RowRefusal) -> None:
    """`first_rows`: each text of the column of types, with the row where it is first. Raises `InputError`."""
    put, call = names.put, names.call
    for kind, row in sorted(first_rows.items(), key=lambda item: item[1]):
        if kind == put:
            continue
        is_like_put = kind.strip().lower() in ("", put.strip().lower())
        if call is None and not is_like_put:
            call = kind
        if kind != call:
            other = "another text for a call" if call is None else f"{call!r} for a call"
            raise refused(row, "kind", f"{put!r} for a put or {other}")
    if put not in first_rows and names.call is None:
        row = min(first_rows.values())
        raise refused(
            row, "kind", f"{put!r} for a put in at least one row", "name the text of calls as `call`"
        )


def check_rows(columns: Columns, search: RowSearch, refused: RowRefusal) -> None:
    """Raises `InputError` about a row that is wrong by itself, or beside the others of its snapshot."""
    _check_values(columns, search, refused)
    _check_prices(columns, search, refused)
    _check_order(columns, search, refused)


def _check_values(columns: Columns, search: RowSearch, refused: RowRefusal) -> None:
    for field, times_s in (("time", columns.times_s), ("expiration", columns.expirations_s)):
        for row in search.outside(times_s, SECONDS[0], SECONDS[1] - 1):
            raise refused(row, field, f"{MOMENT}, between the years {YEARS[0]} and {YEARS[1]}")
    values = (columns.strikes_usd, columns.spots_usd, columns.bids_eth, columns.asks_eth, columns.marks_eth)
    for (field, low, high, of, advice), numbers in zip(_RANGES, (*values, columns.ivs), strict=True):
        for row in search.outside(numbers, low, high):
            raise refused(
                row, field, f"{of}, a number from {low:g} to {high:g}", advice if numbers[row] > high else ""
            )
    for row in search.fractional(columns.strikes_usd):
        raise refused(row, "strike", "a strike in whole USD")
    for row in search.wrong_deltas(columns):
        within = "-1 to 0 for a put" if columns.puts[row] else "0 to 1 for a call"
        raise refused(row, "delta", f"a number from {within}")


def _check_prices(columns: Columns, search: RowSearch, refused: RowRefusal) -> None:
    for row in search.crossed(columns):
        raise refused(row, "bid", f"at most the ask price of {columns.asks_eth[row]:g} ETH")
    for field, prices_eth in (("bid", columns.bids_eth), ("mark", columns.marks_eth)):
        for row in search.overpriced(prices_eth, columns, WORTH_TIMES_MAX):
            worth = columns.strikes_usd[row] / columns.spots_usd[row] if columns.puts[row] else 1.0
            expected = f"about {worth:.4g} ETH at most, more than which the option can't be worth"
            raise refused(row, field, expected, _USD_PRICES)


def _check_order(columns: Columns, search: RowSearch, refused: RowRefusal) -> None:
    """Of each run of rows of one time, expiry and side; and of the strikes and the index in it."""
    times_s, expirations_s, puts = columns.times_s, columns.expirations_s, columns.puts
    new_times = search.changed(times_s)
    runs = sorted({0, *new_times, *search.changed(expirations_s), *search.changed(puts)})
    at, sides = times_s[0], set[tuple[int, int]]()
    for first in runs:
        if times_s[first] != at:
            _check_next(at, times_s[first], first, refused)
            at, sides = times_s[first], set()
        expiry_s = expirations_s[first]
        if expiry_s % DAY_S != EXPIRY_S:
            expected = f"a day, or {EXPIRY_HOUR_UTC:02d}:00 UTC of it, when options expire"
            raise refused(first, "expiration", expected)
        if expiry_s // DAY_S < at // DAY_S:
            raise refused(first, "expiration", f"an option that has not expired by {_told(at)}")
        side = (expiry_s, puts[first])
        if side in sides:
            raise refused(
                first,
                "kind",
                "the rows of one side of an expiry of a snapshot together",
                "sort the rows by time, expiration, kind and strike",
            )
        sides.add(side)
    _check_strikes(columns.strikes_usd, runs, search, refused)
    _check_index(columns.spots_usd, [0, *new_times], search, refused)


def _check_next(before_s: int, at_s: int, row: int, refused: RowRefusal) -> None:
    """The time of a snapshot, after that of the one before."""
    if at_s < before_s:
        expected = f"a time not before {_told(before_s)} of the row above"
        raise refused(row, "time", expected, "rows have to be in the order of their times")
    if at_s - before_s < SNAPSHOTS_APART_MIN.total_seconds():
        expected = f"{_told(before_s)} as in the row above, or a minute later"
        raise refused(row, "time", expected, "write the time of the snapshot on all its rows")


def _check_strikes(
    strikes_usd: Sequence[float], runs: Sequence[int], search: RowSearch, refused: RowRefusal
) -> None:
    """None stands twice in a run. In a run in which they rise, none does."""
    begun = set(runs)
    suspects = {bisect_right(runs, row) for row in search.not_rising(strikes_usd) if row not in begun}
    ends = [*runs[1:], len(strikes_usd)]
    for place in sorted(suspects):
        found = set[float]()
        for row in range(runs[place - 1], ends[place - 1]):
            if strikes_usd[row] in found:
                raise refused(row, "strike", "each strike once in a side of an expiry of a snapshot")
            found.add(strikes_usd[row])


def _check_index(
    spots_usd: Sequence[float], snapshots: Sequence[int], search: RowSearch, refused: RowRefusal
) -> None:
    """It is about the same in all rows of a snapshot."""
    for row in search.changed(spots_usd):
        first_usd = spots_usd[snapshots[bisect_right(snapshots, row) - 1]]
        if abs(spots_usd[row] / first_usd - 1.0) > INDEX_SPREAD_MAX:
            expected = f"within {INDEX_SPREAD_MAX:.0%} of {first_usd:g} of the snapshot's first row"
            raise refused(row, "spot", expected)


def _told(seconds: int) -> str:
    return iso_utc(datetime.fromtimestamp(seconds, UTC))
