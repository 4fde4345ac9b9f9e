"""Payoffs and losses of inverse options, by hand and by brute force."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.pricing.inverse import (
    SignedLeg,
    WorstLoss,
    legs_payoff_eth,
    payoff_eth,
    pnl_eth,
    pnl_usd,
    worst_loss,
    worst_loss_points_usd,
)
from core.values import OptionType

CALL, PUT = OptionType.CALL, OptionType.PUT
BULL_PUT = (SignedLeg(PUT, 2000.0, -1.0), SignedLeg(PUT, 1800.0, 1.0))
BEAR_CALL = (SignedLeg(CALL, 2500.0, -1.0), SignedLeg(CALL, 2750.0, 1.0))

legs_strategy = st.lists(
    st.builds(
        SignedLeg, st.sampled_from([CALL, PUT]), st.integers(10, 60).map(lambda k: 50.0 * k), st.floats(-5, 5)
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize(
    ("option_type", "settlement", "paid"),
    [
        (PUT, 1600.0, 0.25),
        (PUT, 2000.0, 0.0),
        (PUT, 2500.0, 0.0),
        (CALL, 1600.0, 0.0),
        (CALL, 2000.0, 0.0),
        (CALL, 2500.0, 0.2),
    ],
)
def test_an_option_pays_its_usd_payoff_divided_by_the_delivery_price(
    option_type: OptionType, settlement: float, paid: float
) -> None:
    assert payoff_eth(option_type, 2000.0, settlement) == paid


@pytest.mark.parametrize(
    ("settlement", "paid"), [(1600.0, -0.125), (1800.0, -200 / 1800), (1900.0, -100 / 1900), (2000.0, 0.0)]
)
def test_a_put_spread_owes_ever_more_eth_below_its_long_strike(settlement: float, paid: float) -> None:
    assert legs_payoff_eth(BULL_PUT, settlement) == pytest.approx(paid, rel=1e-14, abs=1e-18)


def test_pnl_is_payoff_plus_credit_less_fees_and_usd_is_at_delivery() -> None:
    assert pnl_eth(BULL_PUT, 0.010, 1600.0) == pytest.approx(-0.115, rel=1e-14)
    assert pnl_eth(BULL_PUT, 0.010, 1600.0, 0.0012) == pytest.approx(-0.1162, rel=1e-14)
    assert pnl_usd(BULL_PUT, 0.010, 1600.0) == pytest.approx(-184.0, rel=1e-14)
    assert pnl_usd(BULL_PUT, 0.010, 1600.0, 0.0012) == pytest.approx(-185.92, rel=1e-14)


def test_worst_points_are_the_ends_and_the_strikes_strictly_between() -> None:
    assert worst_loss_points_usd(BULL_PUT, 1000.0, 4000.0) == (1000.0, 1800.0, 2000.0, 4000.0)
    assert worst_loss_points_usd(BULL_PUT, 1800.0, 1900.0) == (1800.0, 1900.0)
    assert worst_loss_points_usd(BULL_PUT, 1500.0, 1500.0) == (1500.0,)


def test_worst_loss_of_a_bull_put_by_hand() -> None:
    """At 1,100 USD it owes 200/1100 ETH; 0.0088 ETH net credit is worth 9.68 USD there, 15.84 at 1,800."""
    worst = worst_loss(BULL_PUT, 0.010, 0.0012, 1100.0, 4400.0)
    assert worst.loss_usd == pytest.approx(200.0 - 1100.0 * 0.0088, rel=1e-14)
    assert worst.loss_eth == pytest.approx(200.0 / 1100.0 - 0.0088, rel=1e-14)
    assert (worst.loss_usd_at, worst.loss_eth_at) == (1100.0, 1100.0)


def test_worst_loss_of_a_bear_call_by_hand() -> None:
    """It is worst at the long strike, in ETH as in USD, because the credit is worth more further up."""
    worst = worst_loss(BEAR_CALL, 0.008, 0.0012, 1100.0, 4400.0)
    assert worst.loss_eth == pytest.approx(250.0 / 2750.0 - 0.0068, rel=1e-14)
    assert worst.loss_usd == pytest.approx(250.0 - 2750.0 * 0.0068, rel=1e-14)
    assert (worst.loss_usd_at, worst.loss_eth_at) == (2750.0, 2750.0)


def test_worst_loss_in_usd_and_in_eth_may_be_at_different_prices() -> None:
    """Fees above the credit cost the more USD the higher the price, and the same ETH everywhere."""
    worst = worst_loss((SignedLeg(PUT, 2000.0, -0.001),), 0.0, 0.01, 1000.0, 4000.0)
    assert worst.loss_usd == pytest.approx(40.0, rel=1e-14)
    assert worst.loss_usd_at == 4000.0
    assert worst.loss_eth == pytest.approx(0.011, rel=1e-14)
    assert worst.loss_eth_at == 1000.0


def test_what_can_only_gain_has_a_negative_worst_loss() -> None:
    assert worst_loss((SignedLeg(CALL, 2000.0, 1.0),), 0.01, 0.0, 1000.0, 2000.0) == WorstLoss(
        -10.0, 1000.0, -0.01, 2000.0
    )


@given(
    legs_strategy,
    st.floats(-0.1, 0.1),
    st.floats(0.0, 0.01),
    st.floats(500.0, 1500.0),
    st.floats(1600.0, 5000.0),
    st.floats(0.0, 1.0),
)
def test_no_delivery_in_the_range_loses_more(
    legs: list[SignedLeg], credit: float, fees: float, low: float, high: float, where: float
) -> None:
    worst = worst_loss(legs, credit, fees, low, high)
    settlement = min(max(low + where * (high - low), low), high)
    assert -pnl_eth(legs, credit, settlement, fees) <= worst.loss_eth + 1e-12
    assert -pnl_usd(legs, credit, settlement, fees) <= worst.loss_usd + 1e-9
    assert -pnl_eth(legs, credit, worst.loss_eth_at, fees) == worst.loss_eth
    assert -pnl_usd(legs, credit, worst.loss_usd_at, fees) == pytest.approx(
        worst.loss_usd, rel=1e-12, abs=1e-12
    )


@given(
    legs_strategy,
    st.floats(-0.1, 0.1),
    # A range that is wider by less than a rounding is no wider one.
    st.just(1.0) | st.floats(0.2, 1.0 - 1e-6),
    st.just(1.0) | st.floats(1.0 + 1e-6, 3.0),
)
def test_a_wider_range_never_has_a_smaller_worst_loss(
    legs: list[SignedLeg], credit: float, narrower: float, wider: float
) -> None:
    inner = worst_loss(legs, credit, 0.001, 1000.0, 4000.0)
    outer = worst_loss(legs, credit, 0.001, 1000.0 * narrower, 4000.0 * wider)
    assert outer.loss_usd >= inner.loss_usd
    assert outer.loss_eth >= inner.loss_eth


@given(legs_strategy, st.floats(-0.1, 0.1), st.floats(0.0, 0.1))
def test_more_credit_never_makes_the_worst_loss_larger(
    legs: list[SignedLeg], credit: float, more: float
) -> None:
    less_credit = worst_loss(legs, credit, 0.001, 1000.0, 4000.0)
    more_credit = worst_loss(legs, credit + more, 0.001, 1000.0, 4000.0)
    assert more_credit.loss_usd <= less_credit.loss_usd
    assert more_credit.loss_eth <= less_credit.loss_eth


@pytest.mark.parametrize("price", [0.0, -1.0, math.inf, math.nan])
def test_a_price_that_is_none_is_refused_by_name(price: float) -> None:
    suffix = ": expected a finite price above 0 USD, found "
    with pytest.raises(InputError, match=f"^settlement_usd{suffix}"):
        payoff_eth(PUT, 2000.0, price)
    with pytest.raises(InputError, match=f"^strike_usd{suffix}"):
        payoff_eth(PUT, price, 2000.0)
    with pytest.raises(InputError, match=f"^low_usd{suffix}"):
        worst_loss_points_usd(BULL_PUT, price, 2000.0)


@pytest.mark.parametrize("high", [999.0, math.inf, math.nan])
def test_a_range_that_ends_before_it_starts_is_refused(high: float) -> None:
    with pytest.raises(InputError, match=r"^high_usd: expected a finite price of at least 1000.0, found "):
        worst_loss_points_usd(BULL_PUT, 1000.0, high)
