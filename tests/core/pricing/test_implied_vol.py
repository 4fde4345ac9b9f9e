"""Implied volatility: the volatility of a price comes back everywhere, or the reason why there is none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf

from core.errors import InputError
from core.pricing.black76 import black76_price_eth, intrinsic_eth, normal_density
from core.pricing.implied_vol import LOST_ULPS, NoImpliedVol, NoVolReason, implied_vol
from core.values import OptionType
from tests.core.pricing.black_reference import exact_price_eth

CALL, PUT = OptionType.CALL, OptionType.PUT
MINUTE = 1.0 / (365 * 24 * 60)


def out_of_the_money(forward: float, strike: float) -> OptionType:
    return PUT if strike < forward else CALL


@pytest.mark.parametrize("t_years", [MINUTE, 15 * MINUTE, 1 / 365, 11 / 365, 1.0])
@pytest.mark.parametrize("sigma", [0.10, 0.35, 0.60, 1.5, 3.0])
def test_the_volatility_comes_back_from_an_exact_price(t_years: float, sigma: float) -> None:
    """On the out-of-the-money side, from a price of 50 digits: to 1e-9 however deep the wing."""
    for strike in (600.0, 1200.0, 1700.0, 1960.0, 1999.9, 2000.0, 2001.0, 2060.0, 2600.0, 6000.0):
        option_type = out_of_the_money(2000.0, strike)
        price = float(exact_price_eth(option_type, 2000.0, strike, t_years, sigma))
        if price < 1e-250:
            continue
        found = implied_vol(option_type, 2000.0, strike, t_years, price)
        assert isinstance(found, float)
        assert abs(mpf(found) / mpf(sigma) - 1) < 1e-9, (strike, price)


@given(
    st.sampled_from([CALL, PUT]),
    st.floats(math.log(0.2), math.log(5.0)),
    st.floats(math.log(MINUTE), 0.5),
    st.floats(math.log(0.01), math.log(6.0)),
)
def test_the_answer_prices_back_or_there_was_no_time_value(
    option_type: OptionType, log_ratio: float, log_time: float, log_sigma: float
) -> None:
    forward, strike, t_years = 2000.0, 2000.0 * math.exp(log_ratio), math.exp(log_time)
    price = black76_price_eth(option_type, forward, strike, t_years, math.exp(log_sigma))
    found = implied_vol(option_type, forward, strike, t_years, price)
    intrinsic = intrinsic_eth(option_type, forward, strike)
    if isinstance(found, NoImpliedVol):
        assert found.reason in (NoVolReason.NO_TIME_VALUE, NoVolReason.AT_OR_ABOVE_BOUND)
        time_value = price - intrinsic
        lost = time_value <= LOST_ULPS * math.ulp(price)
        assert lost or time_value < 1e-279 or time_value >= min(1.0, strike / forward)
    else:
        assert black76_price_eth(option_type, forward, strike, t_years, found) == pytest.approx(
            price, rel=2e-8, abs=1e-300
        )


@pytest.mark.parametrize(
    ("option_type", "strike", "price"),
    [
        (CALL, 2000.0, 0.5),
        (CALL, 2000.0, 0.499999),
        (CALL, 2000.0, 0.500001),
        (CALL, 2000.0, 0.999999),
        (CALL, 2000.0, 1e-12),
        (PUT, 1000.0, 0.24999),
        (PUT, 1000.0, 0.25001),
        (PUT, 1000.0, 0.4999999),
        (PUT, 1000.0, 1e-200),
        (CALL, 4000.0, 0.9999),
        (CALL, 1999.0, 0.0005 + 1e-9),
        (PUT, 2001.0, 0.0005 + 1e-9),
    ],
)
def test_prices_from_nothing_to_their_bound_have_a_volatility(
    option_type: OptionType, strike: float, price: float
) -> None:
    """Both halves of the range, their seam, and prices within a millionth of the bound."""
    found = implied_vol(option_type, 2000.0, strike, 0.1, price)
    assert isinstance(found, float)
    exact = exact_price_eth(option_type, 2000.0, strike, 0.1, found)
    assert abs(exact / mpf(price) - 1) < 1e-10


def test_a_volatility_by_hand() -> None:
    """At the money a price of N(0.1) - N(-0.1) means sigma·√t = 0.2; for a quarter of a year that is 40 %."""
    assert implied_vol(CALL, 2000.0, 2000.0, 0.25, 0.0796556745540577) == pytest.approx(0.40, rel=1e-13)


def test_an_ulp_above_the_money_lost_in_the_price_is_no_time_value() -> None:
    """The price of a deep in-the-money call can't show a time value below its own last digits."""
    price = 0.7
    for ulps in (0, 1, 3):
        found = implied_vol(CALL, 2000.0, 600.0, 0.01, price + ulps * math.ulp(price))
        assert isinstance(found, NoImpliedVol)
        assert found.reason is NoVolReason.NO_TIME_VALUE
    assert isinstance(implied_vol(CALL, 2000.0, 600.0, 0.01, price + 6 * math.ulp(price)), float)


@pytest.mark.parametrize(
    ("option_type", "strike", "t_years", "price", "reason", "detail"),
    [
        (PUT, 1000.0, 0.0, 0.01, NoVolReason.EXPIRED, "no time is left to expiry"),
        (
            PUT,
            1000.0,
            0.1,
            -1e-9,
            NoVolReason.BELOW_INTRINSIC,
            "-1e-09 ETH is below the intrinsic value 0.0 ",
        ),
        (PUT, 1000.0, 0.1, -1e-300, NoVolReason.BELOW_INTRINSIC, "-1e-300 ETH is below the intrinsic value"),
        (
            CALL,
            1000.0,
            0.1,
            0.49,
            NoVolReason.BELOW_INTRINSIC,
            "0.49 ETH is below the intrinsic value 0.5 ETH",
        ),
        (
            PUT,
            4000.0,
            0.1,
            0.99,
            NoVolReason.BELOW_INTRINSIC,
            "0.99 ETH is below the intrinsic value 1.0 ETH",
        ),
        (PUT, 1000.0, 0.1, 0.0, NoVolReason.NO_TIME_VALUE, "0.0 ETH holds no time value above 0.0 ETH"),
        (PUT, 1000.0, 0.1, 1e-281, NoVolReason.NO_TIME_VALUE, "1e-281 ETH holds no time value above 0.0 ETH"),
        (CALL, 1000.0, 0.1, 0.5, NoVolReason.NO_TIME_VALUE, "0.5 ETH holds no time value above 0.5 ETH"),
        (
            CALL,
            3000.0,
            0.1,
            1.0,
            NoVolReason.AT_OR_ABOVE_BOUND,
            "a time value of 1.0 ETH is not below its bound of 1.0 ETH",
        ),
        (
            PUT,
            1000.0,
            0.1,
            0.5,
            NoVolReason.AT_OR_ABOVE_BOUND,
            "a time value of 0.5 ETH is not below its bound of 0.5 ETH",
        ),
        (
            PUT,
            4000.0,
            0.1,
            2.0,
            NoVolReason.AT_OR_ABOVE_BOUND,
            "a time value of 1.0 ETH is not below its bound of 1.0 ETH",
        ),
    ],
)
def test_a_price_without_a_volatility_says_why(
    option_type: OptionType, strike: float, t_years: float, price: float, reason: NoVolReason, detail: str
) -> None:
    found = implied_vol(option_type, 2000.0, strike, t_years, price)
    assert isinstance(found, NoImpliedVol)
    assert found.reason is reason
    assert found.detail.startswith(detail)


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf])
def test_a_price_that_is_no_number_is_an_error(price: float) -> None:
    with pytest.raises(InputError, match=r"^price_eth: expected a finite number, found -?(nan|inf)$"):
        implied_vol(PUT, 2000.0, 1900.0, 0.1, price)


@pytest.mark.parametrize(
    ("field", "market"),
    [
        ("forward_usd", (0.0, 1900.0, 0.1)),
        ("strike_usd", (2000.0, -1.0, 0.1)),
        ("t_years", (2000.0, 1900.0, -0.1)),
    ],
)
def test_a_broken_market_is_an_error(field: str, market: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match=f"^{field}: "):
        implied_vol(PUT, *market, 0.01)


class CountedDensity:
    """The normal density, which both solvers evaluate once per step."""

    def __init__(self) -> None:
        self.steps = 0

    def __call__(self, z: float) -> float:
        self.steps += 1
        return normal_density(z)


@pytest.mark.parametrize("price", [0.001, 0.9])
def test_the_limit_on_steps_is_exact(monkeypatch: pytest.MonkeyPatch, price: float) -> None:
    """For prices in the lower and in the upper half of the range."""
    density = CountedDensity()
    monkeypatch.setattr("core.pricing.implied_vol.normal_density", density)
    monkeypatch.setattr("core.pricing.implied_vol._STEPS_MAX", 2)
    implied_vol(CALL, 2000.0, 2400.0, 0.1, price)
    assert density.steps == 2


@pytest.mark.parametrize(
    ("price", "steps"), [(1e-9, 6), (0.001, 7), (0.3, 7), (0.6, 5), (0.9, 5), (0.999, 5)]
)
def test_newton_from_the_safe_side_ends_after_few_steps(
    monkeypatch: pytest.MonkeyPatch, price: float, steps: int
) -> None:
    density = CountedDensity()
    monkeypatch.setattr("core.pricing.implied_vol.normal_density", density)
    for strike in (2000.0, 2010.0, 2400.0, 4000.0):
        density.steps = 0
        implied_vol(CALL, 2000.0, strike, 0.1, price)
        assert 1 <= density.steps <= steps, (strike, density.steps)


def test_few_steps_are_enough_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """12 steps are enough; the limit of 100 is a safeguard."""
    monkeypatch.setattr("core.pricing.implied_vol._STEPS_MAX", 12)
    for sigma in (0.05, 0.6, 4.0):
        for strike in (400.0, 1990.0, 2000.0, 2010.0, 10_000.0):
            option_type = out_of_the_money(2000.0, strike)
            for t_years in (15 * MINUTE, 0.03, 1.0):
                price = black76_price_eth(option_type, 2000.0, strike, t_years, sigma)
                found = implied_vol(option_type, 2000.0, strike, t_years, price)
                if isinstance(found, float) and price < 0.999 * min(1.0, strike / 2000.0):
                    assert found == pytest.approx(sigma, rel=1e-9)
