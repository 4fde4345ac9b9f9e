"""The venue's grids: expiries, instrument names, ticks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.values import OptionType
from gateway.paper.calendar import listed_expiries, listed_since
from gateway.paper.instruments import option, parse_instrument
from gateway.paper.ticks import (
    ceil_units,
    floor_units,
    is_on_grid,
    rung_of,
    units_decimal,
    units_of_rung,
    units_text,
)

JANUARY = datetime(2024, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 3_000_000).map(lambda m: JANUARY + m * timedelta(minutes=1))
PRICES = st.floats(0.0, 2.0)


def days(*texts: str) -> list[datetime]:
    return [datetime.fromisoformat(f"{text}T08:00:00+00:00") for text in texts]


def test_lists_dailies_weeklies_monthlies_and_quarterlies_of_a_known_day() -> None:
    listed = listed_expiries(datetime(2026, 1, 5, 12, tzinfo=UTC))
    dailies = days("2026-01-06", "2026-01-07", "2026-01-08")
    weeklies = days("2026-01-09", "2026-01-16", "2026-01-23")
    monthlies = days("2026-01-30", "2026-02-27", "2026-03-27")
    quarterlies = days("2026-06-26", "2026-09-25", "2026-12-25")
    assert list(listed) == dailies + weeklies + monthlies + quarterlies


@given(MOMENTS)
def test_lists_only_later_moments_at_eight_with_three_fridays_among_them(now: datetime) -> None:
    listed = listed_expiries(now)
    assert all(expiry > now and expiry.hour == 8 for expiry in listed)
    assert sum(e.weekday() == 4 and e - now <= timedelta(days=22) for e in listed) >= 3


def test_changes_the_list_at_eight_and_not_before() -> None:
    eight = datetime(2026, 1, 6, 8, tzinfo=UTC)
    assert eight in listed_expiries(eight - timedelta(microseconds=1))
    assert eight not in listed_expiries(eight)


def test_finds_the_day_on_which_a_weekly_was_listed() -> None:
    weekly, long_ago = days("2026-01-16")[0], datetime(2025, 1, 1, tzinfo=UTC)
    since = listed_since(weekly, long_ago)
    assert weekly in listed_expiries(since)
    assert weekly not in listed_expiries(since - timedelta(microseconds=1))


@given(st.dates(date(2025, 1, 1), date(2035, 1, 1)), st.integers(1, 20_000))
def test_reads_back_every_name_it_writes(day: date, strike: int) -> None:
    expiry = datetime.fromisoformat(f"{day}T08:00:00+00:00")
    for kind in OptionType:
        assert parse_instrument(option(expiry, strike, kind).name) is option(expiry, strike, kind)


def test_writes_the_day_without_a_leading_zero() -> None:
    expiry = datetime(2025, 7, 6, 8, tzinfo=UTC)
    assert option(expiry, 1500, OptionType.PUT).name == "ETH-6JUL25-1500-P"


@pytest.mark.parametrize(
    "name",
    ["", "ETH-PERPETUAL", "ETH-06JUL25-1500-P", "ETH-31FEB26-1500-C", "ETH-6JUX25-1500-P", "BTC-6JUL25-1-C"],
)
def test_refuses_what_is_no_option_name(name: str) -> None:
    with pytest.raises(InputError, match="instrument_name"):
        parse_instrument(name)


@given(PRICES)
def test_floors_and_ceils_to_the_tick_of_the_price_level(price: float) -> None:
    low, high = floor_units(price), ceil_units(price)
    assert is_on_grid(low)
    assert is_on_grid(high)
    assert low / 10_000 <= price + 1e-12
    assert high / 10_000 >= price - 1e-12
    assert high - low <= (1 if high <= 50 else 5)


@given(st.integers(0, 3000))
def test_a_rung_and_its_price_are_one_to_one(rung: int) -> None:
    assert rung_of(units_of_rung(rung) / 10_000) == pytest.approx(rung)
    assert is_on_grid(units_of_rung(rung))


def test_keeps_a_price_that_lies_on_the_grid() -> None:
    assert [floor_units(x) for x in (0.0049, 0.005, 0.0055, 0.0123)] == [49, 50, 55, 120]
    assert [ceil_units(x) for x in (0.0049, 0.005, 0.0055, 0.0123)] == [49, 50, 55, 125]


def test_writes_prices_as_plain_decimals() -> None:
    assert units_text(125) == "0.0125"
    assert units_decimal(125) == Decimal("0.0125")
