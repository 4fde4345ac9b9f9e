"""Finds the rows of columns that break a rule. `PlainSearch` says what each search means; another one may
find the same rows faster. NaN lies outside every range."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from math import isfinite
from typing import Protocol

from lab.backtest.column_map import Columns


class RowSearch(Protocol):
    """Rows are counted from 0 and told in ascending order."""

    def outside(self, values: Sequence[float], low: float, high: float) -> Sequence[int]:
        """Rows whose value is not from `low` to `high`."""

    def fractional(self, values: Sequence[float]) -> Sequence[int]:
        """Rows whose value is not whole."""

    def crossed(self, columns: Columns) -> Sequence[int]:
        """Rows that bid more than they ask."""

    def overpriced(self, prices_eth: Sequence[float], columns: Columns, times: float) -> Sequence[int]:
        """Rows whose price is more than so many times what the option can be worth: a call one ETH, a put
        its strike."""

    def wrong_deltas(self, columns: Columns) -> Sequence[int]:
        """Rows whose delta is not from 0 to 1 for a call, from -1 to 0 for a put."""

    def changed(self, values: Sequence[float]) -> Sequence[int]:
        """Rows whose value is another one than that of the row before."""

    def not_rising(self, values: Sequence[float]) -> Sequence[int]:
        """Rows whose value is not above that of the row before."""


class PlainSearch:
    """Row by row."""

    def outside(self, values: Sequence[float], low: float, high: float) -> Sequence[int]:
        # Of values among which is NaN, the least and the greatest tell nothing, and the sum is NaN.
        if isfinite(sum(values)) and low <= min(values) and max(values) <= high:
            return []
        return [row for row, value in enumerate(values) if not low <= value <= high]

    def fractional(self, values: Sequence[float]) -> Sequence[int]:
        return [row for row, value in enumerate(values) if value % 1.0 != 0.0]

    def crossed(self, columns: Columns) -> Sequence[int]:
        sides = enumerate(zip(columns.bids_eth, columns.asks_eth, strict=True))
        return [row for row, (bid, ask) in sides if bid > ask > 0.0]

    def overpriced(self, prices_eth: Sequence[float], columns: Columns, times: float) -> Sequence[int]:
        rows = zip(prices_eth, columns.puts, columns.strikes_usd, columns.spots_usd, strict=True)
        return [
            row
            for row, (price, put, strike, spot) in enumerate(rows)
            if price > times * (strike / spot if put else 1.0)
        ]

    def wrong_deltas(self, columns: Columns) -> Sequence[int]:
        rows = enumerate(zip(columns.deltas, columns.puts, strict=True))
        return [row for row, (delta, put) in rows if not -put <= delta <= 1 - put]

    def changed(self, values: Sequence[float]) -> Sequence[int]:
        pairs = zip(values, islice(values, 1, None), strict=False)
        return [row for row, (before, value) in enumerate(pairs, start=1) if value != before]

    def not_rising(self, values: Sequence[float]) -> Sequence[int]:
        pairs = zip(values, islice(values, 1, None), strict=False)
        return [row for row, (before, value) in enumerate(pairs, start=1) if value <= before]
