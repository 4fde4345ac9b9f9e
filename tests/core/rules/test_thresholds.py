"""Ranges are inclusive: a number that equals its threshold on paper meets it, however doubles round."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.checks import at_least, at_most
from core.orders.exit_rule import ExitRule
from core.rules.entry.liquidity import check_liquidity, is_liquid
from core.rules.entry.market import check_market
from core.values import OptionType, Side
from tests.core.example_market import NOW, STRATEGY, chain_of, entry_facts, name_of, wire_quote
from tests.core.rules.exit_facts import decided, only, position, quotes


@pytest.mark.parametrize("threshold", [0.0, 0.15, -0.2, 20_000.0, -20_000.0])
def test_a_bound_forgives_the_rounding_of_doubles_and_no_more(threshold: float) -> None:
    size = max(1.0, abs(threshold))
    for beside, within in ((0.9e-12, True), (1.1e-12, False)):
        assert at_most("c", threshold + beside * size, threshold).passed is within
        assert at_least("c", threshold - beside * size, threshold).passed is within
    assert at_most("c", threshold + 1e-12 * size, threshold).passed
    assert at_least("c", threshold - 1e-12 * size, threshold).passed
    assert at_most("c", threshold - size, threshold).passed
    assert at_least("c", threshold + size, threshold).passed


@pytest.mark.parametrize(
    ("bid", "ask", "side", "liquid"),
    [
        ("0.0021", "0.0027", Side.BUY, True),
        ("0.0385", "0.0495", Side.BUY, True),
        ("0.0555", "0.0645", Side.SELL, True),
        ("0.0021", "0.0028", Side.BUY, False),
        ("0.0550", "0.0645", Side.SELL, False),
    ],
)
def test_a_spread_of_exactly_its_maximum_is_liquid(bid: str, ask: str, side: Side, liquid: bool) -> None:
    """(27 − 21)/24 and 11/44 are a quarter, 9/60 is 0.15; divided as doubles all three come out above."""
    chain = chain_of([wire_quote(OptionType.PUT, 2700, bid=bid, ask=ask)])
    quote = chain.quote(name_of(OptionType.PUT, 2700))
    assert quote is not None
    assert is_liquid(quote, side, 1, NOW, STRATEGY.liquidity) is liquid
    assert check_liquidity([(quote, side)], 1, NOW, STRATEGY.liquidity).passed is liquid


@pytest.mark.parametrize(("dvol", "passes"), [(56.0, True), (56.01, False)])
def test_a_day_change_of_exactly_its_maximum_passes(dvol: float, passes: bool) -> None:
    """56 over 50 is a rise of 12 %."""
    reasons = check_market(entry_facts(dvol=dvol, dvol_24h_ago=50.0, chain=None), STRATEGY).reasons
    assert ("dvol_day_change" not in reasons) is passes


@pytest.mark.parametrize(("dvol", "code"), [(67.02, ExitRule.VOLATILITY), (67.01, None)])
def test_a_rise_of_exactly_so_many_points_matches(dvol: float, code: ExitRule | None) -> None:
    """67.02 − 55.02 are 12 points; as doubles a little less."""
    strategy = only(dvol_rise_pts=12.0)
    assert decided(strategy, position=position(entry_dvol=55.02), dvol=dvol).rule is code


@pytest.mark.parametrize(
    ("exits", "ask", "long_bid", "credit", "code"),
    [
        ({"profit_of_credit": 0.5}, "0.0035", "0.0024", "0.0034", ExitRule.PROFIT),
        ({"profit_of_credit": 0.5}, "0.0036", "0.0024", "0.0034", None),
        ({"stop_cost_multiple": 2.5}, "0.0055", "0.0026", "0.0014", ExitRule.STOP),
        ({"stop_cost_multiple": 2.5}, "0.0050", "0.0026", "0.0014", None),
    ],
)
def test_a_cost_of_exactly_its_part_of_the_credit_matches(
    exits: dict[str, float], ask: str, long_bid: str, credit: str, code: ExitRule | None
) -> None:
    """0.0011 and two fees of 0.0003 are half of 0.0034; 0.0029 and the fees are 2.5 times 0.0014."""
    touch = {"p2700": {"bid": "0.0030", "ask": ask}, "p2460": {"bid": long_bid, "ask": "0.0030"}}
    fill = position(credit_eth=Decimal(credit))
    assert decided(only(**exits), chain=chain_of(quotes(**touch)), position=fill).rule is code
