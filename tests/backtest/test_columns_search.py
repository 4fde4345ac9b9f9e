"""Arrow finds the rows that are found row by row."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.backtest.column_map import Columns
from lab.backtest.columns_arrow import ArrowSearch
from lab.backtest.columns_search import PlainSearch

pytest.importorskip("pyarrow", reason="the extra parquet is not installed")

NUMBER = st.one_of(
    st.sampled_from((0.0, 1.0, -1.0, 0.5, 2.5, 100.0, math.nan, math.inf, -math.inf)), st.floats(width=32)
)
SPOT = st.floats(1.0, 1e6)
ROW = st.tuples(st.booleans(), SPOT, SPOT, *(NUMBER,) * 5)


@st.composite
def drawn_columns(draw: st.DrawFn) -> Columns:
    puts, strikes, spots, *numbers = zip(*draw(st.lists(ROW, min_size=1, max_size=12)), strict=True)
    times = array("q", range(len(puts)))
    return Columns(times, times, array("b", puts), *(array("d", each) for each in (strikes, spots, *numbers)))


@given(drawn_columns(), NUMBER, NUMBER)
def test_both_find_the_same_rows(columns: Columns, low: float, high: float) -> None:
    plain, by_arrow = PlainSearch(), ArrowSearch()
    values: Sequence[float] = columns.ivs
    assert plain.outside(values, low, high) == by_arrow.outside(values, low, high)
    assert plain.crossed(columns) == by_arrow.crossed(columns)
    assert plain.overpriced(values, columns, 2.0) == by_arrow.overpriced(values, columns, 2.0)
    assert plain.wrong_deltas(columns) == by_arrow.wrong_deltas(columns)
    assert plain.changed(values) == by_arrow.changed(values)
    assert plain.changed(columns.puts) == by_arrow.changed(columns.puts)
    assert plain.not_rising(values) == by_arrow.not_rising(values)
    assert plain.fractional(columns.strikes_usd) == by_arrow.fractional(columns.strikes_usd)


def test_nan_lies_outside_every_range_wherever_it_stands() -> None:
    for values in ([math.nan, 1.0], [1.0, math.nan], [0.0, math.nan, 2.0]):
        row = next(row for row, value in enumerate(values) if math.isnan(value))
        assert list(PlainSearch().outside(array("d", values), 0.0, 2.0)) == [row]
        assert list(ArrowSearch().outside(array("d", values), 0.0, 2.0)) == [row]
