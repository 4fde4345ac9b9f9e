"""At a breakeven the P&L after fees is 0; probabilities are of a delivery on one side or between two."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.pricing.black76 import probability_above
from core.pricing.breakeven import (
    bends_usd,
    breakevens_usd,
    call_breakeven_usd,
    payoff_affordable_eth,
    probability_between,
    put_breakeven_usd,
    value_at_delivery_usd,
)
from core.pricing.fees import delivery_fee_estimate_eth
from core.pricing.inverse import SignedLeg, pnl_usd
from core.values import OptionType

CALL, PUT = OptionType.CALL, OptionType.PUT
BULL_PUT = (SignedLeg(PUT, 2000.0, -1.0), SignedLeg(PUT, 1800.0, 1.0))
BEAR_CALL = (SignedLeg(CALL, 2500.0, -1.0), SignedLeg(CALL, 2750.0, 1.0))
CONDOR = BULL_PUT + BEAR_CALL

credits_eth = st.floats(0.0001, 0.03)
legs_strategy = st.lists(
    st.builds(
        SignedLeg,
        st.sampled_from([CALL, PUT]),
        st.integers(10, 60).map(lambda k: 50.0 * k),
        st.integers(-5, 5).map(float),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize(
    ("net_credit", "affordable"), [(0.01015, 0.01), (0.00135, 0.0012), (0.0009, 0.0008), (0.0, 0.0)]
)
def test_a_credit_affords_a_payoff_and_its_delivery_fee(net_credit: float, affordable: float) -> None:
    assert payoff_affordable_eth(net_credit) == pytest.approx(affordable, rel=1e-14, abs=1e-18)


@given(credits_eth)
def test_payoff_and_delivery_fee_use_up_the_credit(net_credit: float) -> None:
    payoff = payoff_affordable_eth(net_credit)
    assert payoff + delivery_fee_estimate_eth(payoff) == pytest.approx(net_credit, rel=1e-13)


def test_breakevens_by_hand() -> None:
    """A put struck at 2,000 pays 0.25 ETH at 1,600; a call struck at 1,500 pays it at 2,000."""
    assert put_breakeven_usd(2000.0, 0.25) == 1600.0
    assert call_breakeven_usd(1500.0, 0.25) == 2000.0


@pytest.mark.parametrize("payoff", [-1.0, math.inf, math.nan])
def test_a_put_pays_more_than_minus_one(payoff: float) -> None:
    with pytest.raises(InputError, match=r"^payoff_eth: expected a finite number above -1, found "):
        put_breakeven_usd(2000.0, payoff)


@pytest.mark.parametrize("payoff", [1.0, -math.inf, math.nan])
def test_a_call_pays_less_than_one(payoff: float) -> None:
    with pytest.raises(InputError, match=r"^payoff_eth: expected a finite number below 1, found "):
        call_breakeven_usd(2000.0, payoff)


def test_breakevens_need_a_strike() -> None:
    for function in (put_breakeven_usd, call_breakeven_usd):
        with pytest.raises(InputError, match=r"^strike_usd: "):
            function(0.0, 0.01)
    with pytest.raises(InputError, match=r"^strike_usd: "):
        breakevens_usd([SignedLeg(PUT, -1.0, 1.0)], 0.01)


@given(credits_eth, st.floats(0.0, 0.0012), st.sampled_from([1.0, 3.0]))
def test_breakevens_of_spreads_are_those_of_rule_8(net: float, fees: float, contracts: float) -> None:
    credit = net + fees
    payoff = payoff_affordable_eth(net)
    low, high = put_breakeven_usd(2000.0, payoff), call_breakeven_usd(2500.0, payoff)
    scaled = {
        name: [leg._replace(amount=leg.amount * contracts) for leg in legs]
        for name, legs in (("put", BULL_PUT), ("call", BEAR_CALL), ("condor", CONDOR))
    }

    def breakevens(structure: str) -> tuple[float, ...]:
        return breakevens_usd(
            scaled[structure], credit * contracts, fees_eth=fees * contracts, with_delivery_fees=True
        )

    found = breakevens("put")
    assert found == pytest.approx([low], rel=1e-12)
    assert breakevens("call")[0] == pytest.approx(high, rel=1e-12)
    assert breakevens("condor")[:2] == pytest.approx((low, high), rel=1e-12)


def test_a_spread_sold_for_less_than_its_fees_never_gains() -> None:
    assert breakevens_usd(BULL_PUT, 0.0005, fees_eth=0.0006, with_delivery_fees=True) == ()


def test_breakevens_without_fees() -> None:
    assert breakevens_usd(BULL_PUT, 0.01) == pytest.approx([2000.0 / 1.01], rel=1e-14)
    assert breakevens_usd(BEAR_CALL, 0.01) == pytest.approx([2500.0 / 0.99, 25_000.0], rel=1e-14)
    assert breakevens_usd(CONDOR, 0.01)[:2] == pytest.approx([2000.0 / 1.01, 2500.0 / 0.99], rel=1e-14)


def test_breakevens_of_what_is_bought() -> None:
    """A call bought for 0.05 ETH gains above 2,000/0.95; a put bought for 0.05 below 2,000/1.05."""
    assert breakevens_usd([SignedLeg(CALL, 2000.0, 1.0)], -0.05) == pytest.approx([2000 / 0.95], rel=1e-14)
    assert breakevens_usd([SignedLeg(PUT, 2000.0, 1.0)], -0.05) == pytest.approx([2000 / 1.05], rel=1e-14)


def test_breakevens_are_found_at_any_scale() -> None:
    assert breakevens_usd([SignedLeg(PUT, 0.5, 1.0)], -0.25) == pytest.approx([0.4], rel=1e-14)


def test_breakevens_of_naked_shorts_and_a_straddle() -> None:
    assert breakevens_usd([SignedLeg(CALL, 2000.0, -1.0)], 0.05) == pytest.approx([2000 / 0.95], rel=1e-14)
    straddle = [SignedLeg(CALL, 2000.0, -1.0), SignedLeg(PUT, 2000.0, -1.0)]
    assert breakevens_usd(straddle, 0.1) == pytest.approx([2000 / 1.1, 2000 / 0.9], rel=1e-14)


def test_what_never_turns_has_no_breakeven() -> None:
    assert breakevens_usd([SignedLeg(CALL, 2000.0, 1.0)], 0.01) == ()
    assert breakevens_usd([SignedLeg(PUT, 2000.0, -1.0)], -0.01) == ()
    assert breakevens_usd([SignedLeg(PUT, 2000.0, 0.0)], 0.0) == ()


def test_a_gain_that_ends_exactly_at_the_last_strike_turns_there() -> None:
    """A short call without any credit: nothing up to its strike, a loss above."""
    assert breakevens_usd([SignedLeg(CALL, 2000.0, -1.0)], 0.0) == (2000.0,)


def test_a_flat_loss_beyond_the_last_strike_is_no_breakeven() -> None:
    """A spread sold for nothing has its short strike as only breakeven; one bought for nothing has none."""
    assert breakevens_usd(BULL_PUT, 0.0) == (2000.0,)
    reverse = [leg._replace(amount=-leg.amount) for leg in BEAR_CALL]
    assert breakevens_usd([SignedLeg(CALL, 2000.0, -1.0), SignedLeg(CALL, 2500.0, 1.0)], 0.0) == (2000.0,)
    assert breakevens_usd(reverse, 0.0) == ()


@given(legs_strategy, st.floats(-0.05, 0.05), st.floats(0.0, 0.002), st.booleans())
def test_between_breakevens_the_sign_does_not_change(
    legs: list[SignedLeg], credit: float, fees: float, with_fees: bool
) -> None:
    def value(settlement: float) -> float:
        return value_at_delivery_usd(legs, credit, settlement, fees_eth=fees, with_delivery_fees=with_fees)

    found = breakevens_usd(legs, credit, fees_eth=fees, with_delivery_fees=with_fees)
    assert list(found) == sorted(found)
    for level in found:
        assert abs(value(level)) <= 1e-9 * (1.0 + level)
    for low, high in zip((0.0, *found), (*found, 1e7), strict=True):
        signs = {
            value(low + (high - low) * step / 50) > 0.0
            for step in range(1, 50)
            if abs(value(low + (high - low) * step / 50)) > 1e-6
        }
        assert len(signs) <= 1


@given(legs_strategy, st.floats(-0.05, 0.05), st.floats(100.0, 6000.0), st.floats(0.0, 0.002))
def test_value_at_delivery_is_the_pnl_less_a_fee_for_every_leg(
    legs: list[SignedLeg], credit: float, settlement: float, fees: float
) -> None:
    plain = pnl_usd(legs, credit, settlement, fees)
    assert value_at_delivery_usd(legs, credit, settlement, fees_eth=fees) == pytest.approx(plain, abs=1e-8)
    charged = math.fsum(
        delivery_fee_estimate_eth(
            max(leg.strike_usd - settlement if leg.option_type is PUT else settlement - leg.strike_usd, 0.0)
            / settlement,
            leg.amount,
        )
        for leg in legs
    )
    assert value_at_delivery_usd(
        legs, credit, settlement, fees_eth=fees, with_delivery_fees=True
    ) == pytest.approx(plain - charged * settlement, abs=1e-8)


def test_value_at_delivery_charges_nothing_unless_asked() -> None:
    assert value_at_delivery_usd(BULL_PUT, 0.01, 1900.0) == pytest.approx(19.0 - 100.0, rel=1e-14)


def test_value_at_delivery_has_a_limit_at_nothing() -> None:
    assert value_at_delivery_usd(BULL_PUT, 0.01, 0.0) == -200.0
    assert value_at_delivery_usd(BULL_PUT, 0.01, 0.0, with_delivery_fees=True) == -200.0
    for price in (-1.0, math.inf, math.nan):
        with pytest.raises(
            InputError, match=r"^settlement_usd: expected a finite price of at least 0, found "
        ):
            value_at_delivery_usd(BULL_PUT, 0.01, price)


def test_the_value_bends_at_strikes_and_where_a_fee_meets_its_cap() -> None:
    assert bends_usd(BULL_PUT) == (0.0, 1800.0, 2000.0)
    assert bends_usd([SignedLeg(PUT, 2000.0, 1.0), SignedLeg(CALL, 2500.0, 1.0)], True) == pytest.approx(
        (0.0, 2000.0 / 1.0012, 2000.0, 2500.0, 2500.0 / 0.9988), rel=1e-14
    )
    with pytest.raises(InputError, match=r"^legs: expected at least one leg, found none$"):
        bends_usd([])


def test_probability_between_two_prices() -> None:
    """Each end takes its own volatility; None is an open end."""
    above_low = probability_above(2200.0, 1980.0, 0.03, 0.70)
    above_high = probability_above(2200.0, 2530.0, 0.03, 0.60)
    market = {"low_sigma_frac": 0.70, "high_sigma_frac": 0.60}
    assert probability_between(2200.0, 0.03, low_usd=1980.0, high_usd=None, **market) == above_low
    assert probability_between(2200.0, 0.03, low_usd=None, high_usd=2530.0, **market) == 1.0 - above_high
    assert (
        probability_between(2200.0, 0.03, low_usd=1980.0, high_usd=2530.0, **market) == above_low - above_high
    )
    assert probability_between(2200.0, 0.03, low_usd=None, high_usd=None, **market) == 1.0


def test_a_steep_smile_leaves_no_negative_probability() -> None:
    assert (
        probability_between(
            2200.0, 0.03, low_usd=2100.0, low_sigma_frac=3.0, high_usd=2101.0, high_sigma_frac=0.1
        )
        == 0.0
    )
