"""Where values stand on the axes of a still picture, and which of them are named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from page.still.axis import TICKS_MAX, Axis, named_axis, number_axis, number_of, time_axis

NUMBERS = st.floats(-1e9, 1e9).map(lambda value: round(value, 6))
TIMES_S = st.integers(0, 4_000_000_000).map(float)


def holds(axis: Axis, values: list[float]) -> None:
    """Every value lies on the axis, and so does every tick, ascending."""
    assert axis.low < axis.high
    assert all(0.0 <= axis.place(value) <= 1.0 for value in values)
    places = [value for value, _ in axis.ticks]
    assert places == sorted(set(places))
    assert all(-1e-9 <= axis.place(value) <= 1 + 1e-9 for value in places)


@given(st.lists(NUMBERS, max_size=8))
def test_an_axis_of_numbers_shows_all_of_them_and_names_a_few(values: list[float]) -> None:
    axis = number_axis(values)
    holds(axis, values)
    assert 2 <= len({words for _, words in axis.ticks}) == len(axis.ticks) <= TICKS_MAX + 1


@given(st.lists(TIMES_S, max_size=8))
def test_an_axis_of_times_shows_all_of_them(times_s: list[float]) -> None:
    axis = time_axis(times_s)
    holds(axis, times_s)
    assert len(axis.ticks) <= TICKS_MAX


@pytest.mark.parametrize("names", [[], ["2026-01"], [f"month {month}" for month in range(37)]])
def test_names_stand_side_by_side_and_few_of_many_are_written(names: list[str]) -> None:
    axis = named_axis(names)
    holds(axis, [float(place) for place in range(len(names))])
    assert {words for _, words in axis.ticks} <= set(names)
    assert len(axis.ticks) <= TICKS_MAX


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(hours=9), ["15:00", "18:00", "21:00"]),
        (timedelta(days=2), ["6 Jan", "12:00", "7 Jan", "12:00"]),
        (timedelta(days=5), ["6 Jan", "7 Jan", "8 Jan", "9 Jan", "10 Jan"]),
        (timedelta(days=30), ["12 Jan", "19 Jan", "26 Jan", "2 Feb"]),
        (timedelta(days=140), ["Feb 2026", "Mar 2026", "Apr 2026", "May 2026"]),
        (timedelta(days=1095), ["Jul 2026", "Jan 2027", "Jul 2027", "Jan 2028", "Jul 2028", "Jan 2029"]),
        (timedelta(days=3650), ["2028", "2030", "2032", "2034", "2036"]),
    ],
)
def test_times_are_named_at_round_moments(span: timedelta, words: list[str]) -> None:
    began = datetime(2026, 1, 5, 14, tzinfo=UTC)
    axis = time_axis([began.timestamp(), (began + span).timestamp()])
    assert [found for _, found in axis.ticks] == words


def test_numbers_have_the_digits_of_their_steps_and_a_true_minus() -> None:
    assert [words for _, words in number_axis([], (-0.1, 0.1)).ticks] == [
        "\N{MINUS SIGN}0.10",
        "\N{MINUS SIGN}0.05",
        "0.00",
        "0.05",
        "0.10",
    ]
    assert "12,000" in {words for _, words in number_axis([10_000.0, 13_000.0]).ticks}


def test_a_time_is_read_as_the_charts_write_it() -> None:
    assert number_of("2026-01-05 14:00:00") == datetime(2026, 1, 5, 14, tzinfo=UTC).timestamp()
    assert number_of(2800.0) == 2800.0
