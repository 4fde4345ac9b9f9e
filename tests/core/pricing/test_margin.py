"""Standard margin, with figures worked out by hand from the venue's formulas."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.pricing.margin import (
    MarginLeg,
    held_initial_margin_eth,
    initial_margin_eth,
    leg_initial_margin_eth,
    leg_maintenance_margin_eth,
    maintenance_margin_eth,
    short_initial_margin_eth,
    short_maintenance_margin_eth,
)
from core.values import OptionType

CALL, PUT = OptionType.CALL, OptionType.PUT


@pytest.mark.parametrize(
    ("option_type", "strike", "mark", "expected"),
    [
        (PUT, 2000.0, 0.04, 0.19),  # At the money the base of 0.15 stands.
        (CALL, 2000.0, 0.04, 0.19),
        (PUT, 1960.0, 0.02, 0.15),  # 2 % out of the money: 0.13.
        (CALL, 2040.0, 0.02, 0.15),
        (PUT, 1900.0, 0.02, 0.12),  # 5 % out: 0.10, where the floor begins.
        (PUT, 1600.0, 0.01, 0.11),
        (CALL, 2600.0, 0.01, 0.11),
        (PUT, 2400.0, 0.21, 0.36),  # In the money nothing is taken off.
        (CALL, 1600.0, 0.21, 0.36),
        (PUT, 6000.0, 2.0, 2.15),
        (PUT, 8000.0, 3.0, 3.225),  # Above a mark of 2 the maintenance margin is the larger one.
        (CALL, 20.0, 3.0, 3.15),
    ],
)
def test_initial_margin_of_a_short_option(
    option_type: OptionType, strike: float, mark: float, expected: float
) -> None:
    assert short_initial_margin_eth(option_type, 2000.0, strike, mark) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("option_type", "mark", "expected"),
    [(PUT, 0.02, 0.095), (CALL, 0.02, 0.095), (PUT, 1.0, 1.075), (PUT, 3.0, 3.225), (CALL, 3.0, 3.075)],
)
def test_maintenance_margin_of_a_short_option(option_type: OptionType, mark: float, expected: float) -> None:
    assert short_maintenance_margin_eth(option_type, mark) == pytest.approx(expected, rel=1e-14)


SPREAD = [MarginLeg(PUT, 2000.0, 1800.0, 0.012, -3.0), MarginLeg(PUT, 2000.0, 1650.0, 0.005, 3.0)]


def test_a_long_leg_needs_its_premium_and_offsets_nothing() -> None:
    short, long = SPREAD
    assert leg_initial_margin_eth(short) == pytest.approx(3 * 0.112, rel=1e-14)
    assert leg_initial_margin_eth(long) == pytest.approx(0.015, rel=1e-14)
    assert leg_maintenance_margin_eth(short) == pytest.approx(3 * 0.087, rel=1e-14)
    assert leg_maintenance_margin_eth(long) == 0.0
    assert initial_margin_eth(SPREAD) == pytest.approx(0.351, rel=1e-14)
    assert held_initial_margin_eth(SPREAD) == pytest.approx(0.336, rel=1e-14)
    assert maintenance_margin_eth(SPREAD) == pytest.approx(0.261, rel=1e-14)


def test_no_legs_need_no_margin() -> None:
    assert initial_margin_eth([]) == held_initial_margin_eth([]) == maintenance_margin_eth([]) == 0.0


def test_amounts_may_be_fractions_and_marks_above_the_forward() -> None:
    bought = MarginLeg(CALL, 2000.0, 1800.0, 0.12, 0.5)
    assert leg_initial_margin_eth(bought) == pytest.approx(0.06, rel=1e-14)
    assert leg_maintenance_margin_eth(bought) == held_initial_margin_eth([bought]) == 0.0
    sold = MarginLeg(PUT, 0.5, 2.0, 3.0, -0.5)
    assert (
        leg_initial_margin_eth(sold) == leg_maintenance_margin_eth(sold) == pytest.approx(1.6125, rel=1e-14)
    )


def test_an_amount_of_nothing_needs_nothing() -> None:
    leg = MarginLeg(PUT, 2000.0, 1800.0, 0.012, 0.0)
    assert leg_initial_margin_eth(leg) == leg_maintenance_margin_eth(leg) == 0.0


@given(st.sampled_from([CALL, PUT]), st.floats(0.3, 3.0), st.floats(0.0, 3.0))
def test_initial_margin_is_never_below_maintenance(
    option_type: OptionType, ratio: float, mark: float
) -> None:
    initial = short_initial_margin_eth(option_type, 2000.0, 2000.0 * ratio, mark)
    assert initial >= short_maintenance_margin_eth(option_type, mark)


@pytest.mark.parametrize(
    ("field", "leg"),
    [
        ("forward_usd: expected a finite price above 0 USD", (0.0, 1800.0, 0.01, -1.0)),
        ("forward_usd: expected a finite price above 0 USD", (math.inf, 1800.0, 0.01, 1.0)),
        ("strike_usd: expected a finite price above 0 USD", (2000.0, 0.0, 0.01, -1.0)),
        ("strike_usd: expected a finite price above 0 USD", (2000.0, math.inf, 0.01, 1.0)),
        ("mark_eth: expected a finite price of at least 0 ETH", (2000.0, 1800.0, -0.01, -1.0)),
        ("mark_eth: expected a finite price of at least 0 ETH", (2000.0, 1800.0, math.inf, 1.0)),
        ("amount: expected a finite number of contracts", (2000.0, 1800.0, 0.01, math.nan)),
    ],
)
def test_a_broken_leg_is_refused_by_name(field: str, leg: tuple[float, float, float, float]) -> None:
    for function in (leg_initial_margin_eth, leg_maintenance_margin_eth):
        with pytest.raises(InputError, match=f"^{field}, found "):
            function(MarginLeg(PUT, *leg))


def test_margin_of_a_short_option_checks_its_market_itself() -> None:
    with pytest.raises(InputError, match=r"^forward_usd: "):
        short_initial_margin_eth(PUT, 0.0, 1800.0, 0.01)
    with pytest.raises(InputError, match=r"^mark_eth: "):
        short_maintenance_margin_eth(CALL, -0.01)
