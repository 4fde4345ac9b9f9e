"""Black-76 against 50 digits, its limits and its laws."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import diff, mp, mpf

from core.errors import InputError
from core.pricing.black76 import (
    black76_price_eth,
    d1_d2,
    delta,
    deltas,
    gamma_per_usd,
    intrinsic_eth,
    net_delta,
    normal_cdf,
    normal_density,
    probability_above,
    theta_usd_per_day,
    vega_usd_per_point,
    year_fraction,
)
from core.values import OptionType
from tests.core.pricing.black_reference import DIGITS, exact_d1_d2, exact_delta, exact_price_eth, normal

CALL, PUT = OptionType.CALL, OptionType.PUT
MINUTE = 1.0 / (365 * 24 * 60)
FORWARD = 2000.0
TIMES = [15 * MINUTE, 60 * MINUTE, 1 / 365, 10.75 / 365, 0.25, 1.0]
SIGMAS = [0.10, 0.35, 0.60, 1.20, 3.00]
STRIKES = [600, 660, 900, 999.99, 1400, 1900, 1990, 1999, 2000, 2000.5, 2015, 2200, 3000, 4000, 4400, 6000]

forwards = st.floats(100.0, 20_000.0)
moneyness = st.floats(0.3, 3.0)
times = st.floats(15 * MINUTE, 1.0)
sigmas = st.floats(0.10, 3.0)
types = st.sampled_from([CALL, PUT])


@pytest.mark.parametrize("t_years", TIMES)
@pytest.mark.parametrize("sigma", SIGMAS)
def test_price_agrees_with_fifty_digits(t_years: float, sigma: float) -> None:
    """To 2e-12 relative if the price is at least 1e-12 ETH, to 1e-22 ETH absolute below."""
    for strike in STRIKES:
        for option_type in (CALL, PUT):
            exact = exact_price_eth(option_type, FORWARD, strike, t_years, sigma)
            error = abs(black76_price_eth(option_type, FORWARD, strike, t_years, sigma) - exact)
            limit = 2e-12 * exact if exact >= 1e-12 else mpf(1e-22)
            assert error <= limit, (option_type, strike, float(exact), float(error))


@pytest.mark.parametrize("t_years", TIMES)
@pytest.mark.parametrize("sigma", SIGMAS)
def test_delta_agrees_with_fifty_digits(t_years: float, sigma: float) -> None:
    for strike in STRIKES:
        for option_type in (CALL, PUT):
            exact = exact_delta(option_type, FORWARD, strike, t_years, sigma)
            found = delta(option_type, FORWARD, strike, t_years, sigma)
            assert abs(found - exact) <= 1e-12 * abs(exact) + 1e-22


@pytest.mark.parametrize("s", [1e-7, 1e-5, 1e-4, 1e-3, 5e-3, 1.9e-2, 1.999e-2, 2.001e-2, 2.5e-2])
@pytest.mark.parametrize("distance", [0.0, 0.3, 1.0, 2.5, 3.9, 3.999, 4.001, 4.2, 5.0, 6.5])
def test_price_of_small_total_volatility_keeps_its_digits(s: float, distance: float) -> None:
    """If the two normal terms agree in many digits, a series replaces them, on either side of the strike."""
    for strike in (FORWARD * math.exp(distance * s), FORWARD * math.exp(-distance * s)):
        option_type = CALL if strike >= FORWARD else PUT
        exact = exact_price_eth(option_type, FORWARD, strike, 1.0, s)
        found = black76_price_eth(option_type, FORWARD, strike, 1.0, s)
        # x is a difference of doubles; at distance d its rounding changes the price by d/s ulps.
        rounding = 4e-16 * (1.0 + distance) / s
        assert abs(found - exact) <= (5e-12 + min(rounding, 1e-7)) * exact


@pytest.mark.parametrize("distance", [10.0, 25.0, 37.5])
def test_price_far_out_at_small_total_volatility_is_still_right(distance: float) -> None:
    strike = FORWARD * math.exp(distance * 1e-3)
    exact = exact_price_eth(CALL, FORWARD, strike, 1.0, 1e-3)
    assert black76_price_eth(CALL, FORWARD, strike, 1.0, 1e-3) == pytest.approx(float(exact), rel=1e-10)


def test_price_beyond_the_smallest_density_is_zero() -> None:
    assert black76_price_eth(CALL, FORWARD, FORWARD * math.exp(0.0395), 1.0, 1e-3) == 0.0
    assert black76_price_eth(PUT, FORWARD, FORWARD * 0.5, 1.0, 1e-300) == 0.0


def test_price_by_hand() -> None:
    """F = K = 2000, sigma·√t = 0.2: a call costs N(0.1) - N(-0.1) = 0.0796556745540577 ETH."""
    assert black76_price_eth(CALL, 2000.0, 2000.0, 0.25, 0.40) == pytest.approx(0.0796556745540577, rel=1e-14)
    assert d1_d2(2000.0, 2000.0, 0.25, 0.40) == pytest.approx((0.1, -0.1), rel=1e-14)


@pytest.mark.parametrize(
    ("forward", "strike"),
    [
        (2000.0, 2001.0),
        (2000.0, 900.0),
        (2000.0, 5000.0),
        (1000.0, 2000.0),
        (0.5, 0.25),
        (1e-6, 2000.0),
        (2000.0, 1e-6),
    ],
)
def test_d1_and_d2_agree_with_fifty_digits(forward: float, strike: float) -> None:
    exact_d1, exact_d2 = exact_d1_d2(forward, strike, 0.1, 0.6)
    d1, d2 = d1_d2(forward, strike, 0.1, 0.6)
    assert d1 == pytest.approx(float(exact_d1), rel=1e-13)
    assert d2 == pytest.approx(float(exact_d2), rel=1e-13)


@pytest.mark.parametrize("forward", [2000.0 * (1 + 2**-30), 2000.0 * (1 - 2**-30), 2000.0000003])
def test_d1_keeps_its_digits_next_to_the_strike(forward: float) -> None:
    """The logarithm of the rounded ratio would have lost seven of them."""
    exact_d1, _ = exact_d1_d2(forward, 2000.0, 1.0, 1e-9)
    assert d1_d2(forward, 2000.0, 1.0, 1e-9)[0] == pytest.approx(float(exact_d1), rel=1e-14)


def test_normal_functions_by_table() -> None:
    assert normal_cdf(0.0) == 0.5
    assert normal_cdf(1.96) == pytest.approx(0.9750021048517795, rel=1e-14)
    assert normal_cdf(-8.0) == pytest.approx(6.220960574271785e-16, rel=1e-13)
    assert normal_density(0.0) == pytest.approx(0.3989422804014327, rel=1e-15)
    assert normal_density(1.5) == pytest.approx(0.12951759566589174, rel=1e-14)
    assert normal_density(-1.5) == normal_density(1.5)


@pytest.mark.parametrize("strike", [1500.0, 2000.0, 2600.0])
@pytest.mark.parametrize("option_type", [CALL, PUT])
def test_greeks_are_the_derivatives_of_the_usd_price(option_type: OptionType, strike: float) -> None:
    t_years, sigma = 30 / 365, 0.65
    with mp.workdps(DIGITS):

        def usd(f: mpf, t: mpf, v: mpf) -> mpf:
            return f * exact_price_eth(option_type, f, strike, t, v)

        at = (mpf(FORWARD), mpf(t_years), mpf(sigma))
        by_forward = float(diff(usd, at, (1, 0, 0)))
        twice_by_forward = float(diff(usd, at, (2, 0, 0)))
        by_time = float(diff(usd, at, (0, 1, 0)))
        by_sigma = float(diff(usd, at, (0, 0, 1)))
    market = (FORWARD, strike, t_years, sigma)
    assert delta(option_type, *market) == pytest.approx(by_forward, rel=1e-12)
    assert gamma_per_usd(*market) == pytest.approx(twice_by_forward, rel=1e-10)
    assert vega_usd_per_point(*market) == pytest.approx(by_sigma / 100.0, rel=1e-12)
    assert theta_usd_per_day(*market) == pytest.approx(-by_time / 365.0, rel=1e-12)


@pytest.mark.parametrize("option_type", [CALL, PUT])
def test_net_delta_is_the_derivative_of_the_eth_price_times_the_forward(option_type: OptionType) -> None:
    """d(USD price / F)/dF · F = delta - price in ETH."""
    with mp.workdps(DIGITS):
        exact = float(diff(lambda f: exact_price_eth(option_type, f, 1800.0, 0.1, 0.7), FORWARD) * FORWARD)
    assert net_delta(option_type, FORWARD, 1800.0, 0.1, 0.7) == pytest.approx(exact, rel=1e-12)


def test_the_probability_is_that_of_ending_above() -> None:
    with mp.workdps(DIGITS):
        above = float(normal(exact_d1_d2(FORWARD, 1800.0, 0.1, 0.7)[1]))
    assert probability_above(FORWARD, 1800.0, 0.1, 0.7) == pytest.approx(above, rel=1e-13)


@pytest.mark.parametrize(("t_years", "sigma"), [(0.0, 0.6), (0.1, 0.0), (0.0, 0.0)])
def test_without_time_or_volatility_an_option_is_its_payoff(t_years: float, sigma: float) -> None:
    assert black76_price_eth(CALL, 2000.0, 1500.0, t_years, sigma) == 0.25
    assert black76_price_eth(PUT, 2000.0, 1500.0, t_years, sigma) == 0.0
    assert black76_price_eth(PUT, 2000.0, 3000.0, t_years, sigma) == 0.5
    assert black76_price_eth(CALL, 2000.0, 3000.0, t_years, sigma) == 0.0
    assert delta(CALL, 2000.0, 1500.0, t_years, sigma) == 1.0
    assert delta(PUT, 2000.0, 1500.0, t_years, sigma) == 0.0
    assert delta(CALL, 2000.0, 3000.0, t_years, sigma) == 0.0
    assert delta(PUT, 2000.0, 3000.0, t_years, sigma) == -1.0
    assert delta(CALL, 2000.0, 2000.0, t_years, sigma) == 0.5
    assert delta(PUT, 2000.0, 2000.0, t_years, sigma) == -0.5
    assert d1_d2(2000.0, 1500.0, t_years, sigma) == (math.inf, math.inf)
    assert d1_d2(2000.0, 3000.0, t_years, sigma) == (-math.inf, -math.inf)
    assert d1_d2(2000.0, 2000.0, t_years, sigma) == (0.0, 0.0)
    assert probability_above(2000.0, 1500.0, t_years, sigma) == 1.0
    for greek in (gamma_per_usd, vega_usd_per_point, theta_usd_per_day):
        assert greek(2000.0, 2000.0, t_years, sigma) == 0.0


def test_intrinsic_value_is_what_delivery_at_the_forward_pays() -> None:
    assert intrinsic_eth(CALL, 2000.0, 1500.0) == 0.25
    assert intrinsic_eth(PUT, 2000.0, 1500.0) == 0.0
    assert intrinsic_eth(CALL, 2000.0, 2500.0) == 0.0
    assert intrinsic_eth(PUT, 2000.0, 2500.0) == 0.25


BROKEN_MARKETS = [
    ("forward_usd", "above 0", (value, 2000.0, 0.1, 0.6)) for value in (0.0, -1.0, math.inf, math.nan)
]
BROKEN_MARKETS += [
    ("strike_usd", "above 0", (2000.0, value, 0.1, 0.6)) for value in (0.0, -1.0, math.inf, math.nan)
]
BROKEN_MARKETS += [
    ("t_years", "at least 0", (2000.0, 2000.0, value, 0.6)) for value in (-1e-9, math.inf, math.nan)
]
BROKEN_MARKETS += [
    ("sigma_frac", "at least 0", (2000.0, 2000.0, 0.1, value)) for value in (-1e-9, math.inf, math.nan)
]
BROKEN_MARKETS += [
    ("strike_usd", "above 0", (0.5, 0.0, 0.1, 0.6)),
    ("sigma_frac", "at least 0", (2000.0, 2000.0, 0.0, math.nan)),
]


@pytest.mark.parametrize(("field", "expected", "market"), BROKEN_MARKETS)
def test_a_market_without_a_price_is_refused_by_name(
    field: str, expected: str, market: tuple[float, float, float, float]
) -> None:
    match = rf"^{field}: expected a finite number (of )?{expected}, found "
    for function in (black76_price_eth, delta, net_delta):
        with pytest.raises(InputError, match=match):
            function(PUT, *market)
    for of_either_type in (d1_d2, gamma_per_usd, vega_usd_per_point, theta_usd_per_day, probability_above):
        with pytest.raises(InputError, match=match):
            of_either_type(*market)
    forward, strike, t_years, sigma = market
    with pytest.raises(InputError, match=match):
        deltas([PUT], forward, [strike], t_years, [sigma])


def test_year_fraction_is_act_365() -> None:
    now = datetime(2026, 1, 5, 14, tzinfo=UTC)
    assert year_fraction(now, datetime(2026, 1, 16, 8, tzinfo=UTC)) == pytest.approx(10.75 / 365, rel=1e-15)
    assert year_fraction(now, now + timedelta(days=365)) == 1.0
    assert year_fraction(now, now - timedelta(days=73)) == pytest.approx(-0.2, rel=1e-15)


def test_year_fraction_refuses_naive_times() -> None:
    aware, naive = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 5)  # noqa: DTZ001 (the case itself)
    with pytest.raises(InputError, match=r"^now: expected a timezone-aware time, found 2026-01-05T00:00:00$"):
        year_fraction(naive, aware)
    with pytest.raises(InputError, match=r"^expiration: expected a timezone-aware time"):
        year_fraction(aware, naive)


def test_deltas_are_the_deltas_in_their_order() -> None:
    option_types, strikes, vols = [PUT, CALL, PUT], [1800.0, 2200.0, 2000.0], [0.7, 0.6, 0.65]
    expected = [delta(o, 2000.0, k, 0.03, v) for o, k, v in zip(option_types, strikes, vols, strict=True)]
    assert deltas(option_types, 2000.0, strikes, 0.03, vols) == expected
    assert deltas([], 2000.0, [], 0.03, []) == []


def test_deltas_refuse_sequences_of_different_lengths() -> None:
    with pytest.raises(ValueError, match="zip"):
        deltas([PUT], 2000.0, [1800.0, 1900.0], 0.03, [0.7, 0.7])


@given(forwards, moneyness, times, sigmas)
def test_put_call_parity(forward: float, ratio: float, t_years: float, sigma: float) -> None:
    """A call less a put is worth the forward less the strike, in ETH, and their deltas differ by 1."""
    market = (forward, forward * ratio, t_years, sigma)
    difference = black76_price_eth(CALL, *market) - black76_price_eth(PUT, *market)
    assert difference == pytest.approx((forward - market[1]) / forward, abs=4e-15)
    assert delta(CALL, *market) - delta(PUT, *market) == pytest.approx(1.0, abs=1e-15)


@given(types, forwards, moneyness, times, sigmas)
def test_price_lies_between_its_payoff_and_its_bound(
    option_type: OptionType, forward: float, ratio: float, t_years: float, sigma: float
) -> None:
    strike = forward * ratio
    price = black76_price_eth(option_type, forward, strike, t_years, sigma)
    bound = 1.0 if option_type is CALL else strike / forward
    assert intrinsic_eth(option_type, forward, strike) <= price <= bound * (1.0 + 1e-15)


@given(types, forwards, moneyness, times, sigmas, st.floats(1.001, 2.0))
def test_price_rises_with_volatility_and_time(
    option_type: OptionType, forward: float, ratio: float, t_years: float, sigma: float, factor: float
) -> None:
    market = (forward, forward * ratio)
    price = black76_price_eth(option_type, *market, t_years, sigma)
    assert black76_price_eth(option_type, *market, t_years, sigma * factor) >= price
    assert black76_price_eth(option_type, *market, t_years * factor, sigma) >= price


@given(forwards, moneyness, times, sigmas, st.floats(1.001, 2.0))
def test_puts_rise_and_calls_fall_with_the_strike(
    forward: float, ratio: float, t_years: float, sigma: float, factor: float
) -> None:
    low, high = forward * ratio, forward * ratio * factor
    for function in (black76_price_eth, delta):
        assert function(CALL, forward, high, t_years, sigma) <= function(CALL, forward, low, t_years, sigma)
    assert black76_price_eth(PUT, forward, high, t_years, sigma) >= black76_price_eth(
        PUT, forward, low, t_years, sigma
    )
    assert delta(PUT, forward, high, t_years, sigma) <= delta(PUT, forward, low, t_years, sigma)


@given(types, forwards, moneyness, times, sigmas, st.sampled_from([0.25, 2.0, 1024.0]))
def test_scaling_all_usd_prices_changes_no_eth_price(
    option_type: OptionType, forward: float, ratio: float, t_years: float, sigma: float, scale: float
) -> None:
    strike = forward * ratio
    assert black76_price_eth(option_type, scale * forward, scale * strike, t_years, sigma) == (
        black76_price_eth(option_type, forward, strike, t_years, sigma)
    )
