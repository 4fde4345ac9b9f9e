"""Finds by Arrow what `PlainSearch` finds row by row. Arrow reads the columns where they lie."""

from __future__ import annotations

import importlib
from array import array
from collections.abc import Sequence
from typing import Any, Final

from lab.backtest.column_map import Columns

_TYPES: Final = {"q": "int64", "d": "float64", "b": "int8"}


class ArrowSearch:
    """Needs the extra `parquet`."""

    def __init__(self) -> None:
        self._arrow, self._compute = map(importlib.import_module, ("pyarrow", "pyarrow.compute"))

    def outside(self, values: Sequence[float], low: float, high: float) -> Sequence[int]:
        column, compute = self._column(values), self._compute
        return self._rows(
            compute.invert(compute.and_(compute.greater_equal(column, low), compute.less_equal(column, high)))
        )

    def fractional(self, values: Sequence[float]) -> Sequence[int]:
        column = self._column(values)
        return self._rows(self._compute.not_equal(self._compute.floor(column), column))

    def crossed(self, columns: Columns) -> Sequence[int]:
        bids, asks = self._column(columns.bids_eth), self._column(columns.asks_eth)
        compute = self._compute
        return self._rows(compute.and_(compute.greater(bids, asks), compute.greater(asks, 0.0)))

    def overpriced(self, prices_eth: Sequence[float], columns: Columns, times: float) -> Sequence[int]:
        compute = self._compute
        worth = compute.if_else(
            compute.equal(self._column(columns.puts), 1),
            compute.divide(self._column(columns.strikes_usd), self._column(columns.spots_usd)),
            1.0,
        )
        return self._rows(compute.greater(self._column(prices_eth), compute.multiply(worth, times)))

    def wrong_deltas(self, columns: Columns) -> Sequence[int]:
        compute, deltas = self._compute, self._column(columns.deltas)
        puts = compute.cast(self._column(columns.puts), self._arrow.float64())
        is_within = compute.and_(
            compute.greater_equal(deltas, compute.negate(puts)),
            compute.less_equal(deltas, compute.subtract(1.0, puts)),
        )
        return self._rows(compute.invert(is_within))

    def changed(self, values: Sequence[float]) -> Sequence[int]:
        return self._beside(values, self._compute.not_equal)

    def not_rising(self, values: Sequence[float]) -> Sequence[int]:
        return self._beside(values, self._compute.less_equal)

    def _beside(self, values: Sequence[float], compare: Any) -> Sequence[int]:
        """Rows of which `compare(value, the one before)` is true."""
        column = self._column(values)
        return [row + 1 for row in self._rows(compare(column[1:], column[:-1]))]

    def _column(self, values: Sequence[float]) -> Any:
        assert isinstance(values, array)
        kind = getattr(self._arrow, _TYPES[values.typecode])()
        return self._arrow.Array.from_buffers(kind, len(values), [None, self._arrow.py_buffer(values)])

    def _rows(self, mask: Any) -> list[int]:
        # To count what is true takes next to nothing, and as a rule there is none.
        found: list[int] = self._compute.indices_nonzero(mask).to_pylist() if mask.true_count else []
        return found
