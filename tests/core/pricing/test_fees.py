"""What the venue charges, by its published numbers."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.pricing.fees import (
    combo_fee_estimate_eth,
    delivery_fee_estimate_eth,
    delivery_fee_eth,
    is_daily_expiry,
    trade_fee_estimate_eth,
    trade_fee_eth,
)

D = Decimal
amounts = st.integers(-50, 50).filter(bool)
eths = st.decimals(0, 2, places=6)


@pytest.mark.parametrize(
    ("price", "amount", "fee"),
    [
        ("0.0100", "1", "0.00030000"),
        ("0.0100", "-4", "0.00120000"),
        ("0.0024", "1", "0.00030000"),
        ("0.0023", "1", "0.00028750"),
        ("0.0001", "3", "0.00003750"),
        ("0.0000001", "1", "0.00000001"),
        ("0.00000004", "1", "0.00000000"),
        ("0.00000012", "1", "0.00000002"),
        ("0", "1", "0.00000000"),
    ],
)
def test_a_trade_costs_three_ten_thousandths_or_an_eighth_of_the_price(
    price: str, amount: str, fee: str
) -> None:
    """Rounded to 1e-8 half-even: 0.5e-8 goes to 0, 1.5e-8 to 2e-8."""
    found = trade_fee_eth(D(price), D(amount))
    assert found == D(fee)
    assert found.as_tuple().exponent == -8


@pytest.mark.parametrize(
    ("payoff", "amount", "is_daily", "fee"),
    [
        ("0.05", "1", False, "0.00015000"),
        ("0.05", "-2", False, "0.00030000"),
        ("0.0012", "1", False, "0.00015000"),
        ("0.0011", "1", False, "0.00013750"),
        ("0", "1", False, "0E-8"),
        ("0.05", "2", True, "0E-8"),
    ],
)
def test_delivery_costs_half_of_that_and_dailies_are_free(
    payoff: str, amount: str, is_daily: bool, fee: str
) -> None:
    found = delivery_fee_eth(D(payoff), D(amount), is_daily)
    assert found == D(fee)
    assert found.as_tuple().exponent == -8


def test_only_fridays_are_not_dailies() -> None:
    """2026-01-09 is a Friday."""
    friday = datetime(2026, 1, 9, 8, tzinfo=UTC)
    assert [is_daily_expiry(friday.replace(day=day)) for day in range(5, 12)] == [
        True,
        True,
        True,
        True,
        False,
        True,
        True,
    ]


@given(eths, amounts, st.booleans())
def test_estimates_are_the_booked_fees_before_rounding(price: D, amount: int, is_daily: bool) -> None:
    assert trade_fee_estimate_eth(float(price), amount) == pytest.approx(
        float(trade_fee_eth(price, D(amount))), abs=5.1e-9
    )
    assert delivery_fee_estimate_eth(float(price), amount, is_daily=is_daily) == pytest.approx(
        float(delivery_fee_eth(price, D(amount), is_daily)), abs=5.1e-9
    )


def test_estimates_default_to_one_contract_that_is_no_daily() -> None:
    assert trade_fee_estimate_eth(0.01) == 0.0003
    assert trade_fee_estimate_eth(0.001) == 0.000125
    assert trade_fee_estimate_eth(0.01, -2.0) == 0.0006
    assert delivery_fee_estimate_eth(0.05) == 0.00015
    assert delivery_fee_estimate_eth(0.0008, -2.0) == 0.0002
    assert delivery_fee_estimate_eth(0.05, is_daily=True) == 0.0


def test_a_combo_pays_for_every_leg() -> None:
    assert combo_fee_estimate_eth([0.01, 0.001]) == pytest.approx(0.000425, rel=1e-15)
    assert combo_fee_estimate_eth([]) == 0.0


@given(eths, eths, amounts)
def test_a_dearer_option_never_costs_less_to_trade(first: D, second: D, amount: int) -> None:
    low, high = sorted((first, second))
    assert trade_fee_eth(low, D(amount)) <= trade_fee_eth(high, D(amount))


@pytest.mark.parametrize("value", ["-0.0001", "NaN", "Infinity"])
def test_a_value_below_nothing_is_refused_by_name(value: str) -> None:
    for field, function in (
        ("price_eth", trade_fee_eth),
        ("payoff_eth", lambda p, a: delivery_fee_eth(p, a, False)),
    ):
        with pytest.raises(
            InputError, match=rf"^{field}: expected a finite number of at least 0 ETH, found {value}$"
        ):
            function(D(value), D(1))


@pytest.mark.parametrize("value", [-1e-9, math.nan, math.inf])
def test_estimates_refuse_the_same(value: float) -> None:
    with pytest.raises(InputError, match=r"^price_eth: "):
        trade_fee_estimate_eth(value)
    with pytest.raises(InputError, match=r"^payoff_eth: "):
        delivery_fee_estimate_eth(value)
    with pytest.raises(InputError, match=r"^payoff_eth: "):
        delivery_fee_estimate_eth(value, is_daily=True)
