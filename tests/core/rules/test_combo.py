"""Rule 8: rounding against us, the plan by hand, and the price ladders of entry and exit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.orders.ladder import (
    entry_limit_eth,
    next_entry_price_eth,
    round_cost_eth,
    round_credit_eth,
)
from core.orders.plan import ComboPlan, LegFacts
from core.pricing.black76 import probability_above, year_fraction
from core.rules.entry.combo import plan_combo
from core.rules.entry.sizing import OneContract
from core.rules.entry.strikes import Pair
from core.rules.entry.worth import credit_of
from core.values import COMBO_TICK_ETH, OptionType, Side, SpreadKind
from tests.core.example_market import EXPIRY, NOW, SPOT_USD, altered, chain_of, name_of, wire_quotes

PUT, CALL = OptionType.PUT, OptionType.CALL
ONE = OneContract(200.0, 0.15, 0.11)
prices = st.integers(1, 2000).map(lambda ticks: Decimal(ticks) * COMBO_TICK_ETH / 2)


def pairs_of(kind: SpreadKind) -> list[Pair]:
    quotes = altered(
        wire_quotes([2460, 2700, 3400, 3600], [EXPIRY]),
        {
            name_of(PUT, 2700): {"bid": "0.0150", "ask": "0.0160"},
            name_of(PUT, 2460): {"bid": "0.0050", "ask": "0.0060"},
            name_of(CALL, 3400): {"bid": "0.0140", "ask": "0.0150"},
            name_of(CALL, 3600): {"bid": "0.0048", "ask": "0.0050"},
        },
    )
    chain = chain_of(quotes)
    puts, calls = chain.side(EXPIRY, PUT), chain.side(EXPIRY, CALL)
    put, call = Pair(puts[1], puts[0]), Pair(calls[2], calls[3])
    return {SpreadKind.BULL_PUT: [put], SpreadKind.BEAR_CALL: [call], SpreadKind.IRON_CONDOR: [put, call]}[
        kind
    ]


def plan_of(kind: SpreadKind, aggression: float = 0.3) -> ComboPlan:
    pairs = pairs_of(kind)
    plan, result = plan_combo(
        kind,
        pairs,
        2,
        credit=credit_of(pairs),
        one=ONE,
        now=NOW,
        spot_usd=SPOT_USD,
        dvol=65.0,
        price_aggression=aggression,
    )
    assert result.passed
    assert result.inputs == {
        "limit_eth": str(plan.limit_eth),
        "floor_eth": str(plan.floor_eth),
        "mid_eth": str(plan.mid_eth),
        "natural_eth": str(plan.natural_eth),
        "contracts": 2,
        "breakeven_low_usd": plan.breakeven_low_usd,
        "breakeven_high_usd": plan.breakeven_high_usd,
        "pop": plan.pop,
    }
    return plan


def test_a_bull_put_by_hand() -> None:
    """Mid 0.0100, natural 0.0090: limit 0.0097. p = 0.0090 − 0.0006 − 0.00015 = 0.00825."""
    plan = plan_of(SpreadKind.BULL_PUT)
    assert (plan.mid_eth, plan.natural_eth) == (Decimal("0.0100"), Decimal("0.0090"))
    assert (plan.limit_eth, plan.floor_eth) == (Decimal("0.0097"), Decimal("0.0090"))
    assert [(leg.instrument_name, leg.side) for leg in plan.legs] == [
        (name_of(PUT, 2700), Side.SELL),
        (name_of(PUT, 2460), Side.BUY),
    ]
    assert plan.breakeven_low_usd == pytest.approx(2700 / 1.00825)
    assert plan.breakeven_high_usd is None
    sigma = plan.leg_facts[0].mark_iv_pct / 100
    assert plan.pop == pytest.approx(
        probability_above(3000, 2700 / 1.00825, year_fraction(NOW, EXPIRY), sigma)
    )
    assert (plan.width_usd, plan.contracts, plan.expiration) == (240.0, 2, EXPIRY)
    assert (plan.worst_loss_usd, plan.worst_loss_eth, plan.initial_margin_eth) == tuple(ONE)
    assert plan.fees_round_trip_eth == pytest.approx(0.0012)
    assert (plan.entry_spot_usd, plan.entry_dvol) == (SPOT_USD, 65.0)


def test_a_bear_call_breaks_even_above_and_a_condor_on_both_sides() -> None:
    """Call credit natural 0.0090; condor natural 0.0180, fees 0.0012 one way."""
    call, condor = plan_of(SpreadKind.BEAR_CALL), plan_of(SpreadKind.IRON_CONDOR)
    assert call.breakeven_low_usd is None
    assert call.breakeven_high_usd == pytest.approx(3400 / (1 - 0.00825))
    assert condor.natural_eth == Decimal("0.0180")
    payoff = 0.0180 - 0.0012 - 0.00015
    assert condor.breakeven_low_usd == pytest.approx(2700 / (1 + payoff))
    assert condor.breakeven_high_usd == pytest.approx(3400 / (1 - payoff))
    assert [leg.side for leg in condor.legs] == [Side.SELL, Side.SELL, Side.BUY, Side.BUY]
    years = year_fraction(NOW, EXPIRY)
    above_call = probability_above(3000, 3400 / (1 - 0.00825), years, call.leg_facts[0].mark_iv_pct / 100)
    assert call.pop == pytest.approx(1.0 - above_call)
    above_low, above_high = (
        probability_above(3000, level, years, leg.mark_iv_pct / 100)
        for level, leg in zip((2700 / (1 + payoff), 3400 / (1 - payoff)), condor.leg_facts[:2], strict=True)
    )
    assert condor.pop == pytest.approx(above_low - above_high)


def test_leg_facts_keep_what_the_exits_compare_with() -> None:
    facts = plan_of(SpreadKind.BULL_PUT).leg_facts[0]
    assert isinstance(facts, LegFacts)
    assert (facts.bid_eth, facts.ask_eth, facts.forward_usd) == (Decimal("0.0150"), Decimal("0.0160"), 3000.0)
    assert facts.delta < 0


@pytest.mark.parametrize(("aggression", "limit"), [(0.0, "0.0100"), (0.3, "0.0097"), (1.0, "0.0090")])
def test_the_first_limit_goes_from_mid_to_natural(aggression: float, limit: str) -> None:
    assert plan_of(SpreadKind.BULL_PUT, aggression).limit_eth == Decimal(limit)


@given(natural=prices, above=prices, aggression=st.floats(0, 1))
def test_the_limit_lies_between_natural_and_mid_on_the_tick(
    natural: Decimal, above: Decimal, aggression: float
) -> None:
    natural = round_credit_eth(natural + COMBO_TICK_ETH)
    limit = entry_limit_eth(natural + above, natural, aggression)
    assert natural <= limit <= natural + above
    assert limit % COMBO_TICK_ETH == 0


@given(price=st.decimals("-1", "1", places=8))
def test_rounding_is_against_us_by_less_than_a_tick(price: Decimal) -> None:
    credit, cost = round_credit_eth(price), round_cost_eth(price)
    assert 0 <= price - credit < COMBO_TICK_ETH
    assert 0 <= cost - price < COMBO_TICK_ETH
    assert credit % COMBO_TICK_ETH == cost % COMBO_TICK_ETH == 0


@given(floor=prices, above=prices, aggression=st.floats(0, 1), steps=st.integers(1, 50))
def test_repricing_falls_to_the_floor_and_ends_there(
    floor: Decimal, above: Decimal, aggression: float, steps: int
) -> None:
    floor = round_credit_eth(floor + COMBO_TICK_ETH)
    mid = floor + above
    price = entry_limit_eth(mid, floor, aggression)
    for _ in range(steps + 1):
        following = next_entry_price_eth(price, mid_eth=mid, floor_eth=floor, reprice_steps=steps)
        if following is None:
            break
        assert floor <= following <= price - COMBO_TICK_ETH
        assert following % COMBO_TICK_ETH == 0
        price = following
    assert price == floor
    assert next_entry_price_eth(price, mid_eth=mid, floor_eth=floor, reprice_steps=steps) is None


def test_a_reprice_step_by_hand() -> None:
    """(0.0200 − 0.0100)/10 is ten ticks; (0.0100 − 0.0095)/10 is half a tick, so one tick."""
    wide = {"mid_eth": Decimal("0.0200"), "floor_eth": Decimal("0.0100"), "reprice_steps": 10}
    narrow = {"mid_eth": Decimal("0.0100"), "floor_eth": Decimal("0.0095"), "reprice_steps": 10}
    assert next_entry_price_eth(Decimal("0.0170"), **wide) == Decimal("0.0160")  # type: ignore[arg-type]
    assert next_entry_price_eth(Decimal("0.0105"), **wide) == Decimal("0.0100")  # type: ignore[arg-type]
    assert next_entry_price_eth(Decimal("0.0098"), **narrow) == Decimal("0.0097")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contracts": 0}, "contracts: expected at least 1"),
        ({"floor_eth": Decimal(0)}, "0 < floor <= limit"),
        ({"floor_eth": Decimal("0.0098")}, "0 < floor <= limit"),
        ({"kind": SpreadKind.IRON_CONDOR}, "4 for a condor, found 2"),
        ({"expiration": NOW}, "one expiration"),
    ],
)
def test_a_plan_that_contradicts_itself_can_not_be_made(changes: dict[str, Any], message: str) -> None:
    fields = plan_of(SpreadKind.BULL_PUT).model_dump()
    with pytest.raises(ValidationError, match=message):
        ComboPlan(**(fields | changes))


def test_a_one_sided_leg_can_not_be_planned() -> None:
    pairs = pairs_of(SpreadKind.BULL_PUT)
    credit = credit_of(pairs)
    chain = chain_of(altered(wire_quotes([2460, 2700], [EXPIRY]), {name_of(PUT, 2460): {"bid": None}}))
    puts = chain.side(EXPIRY, PUT)
    with pytest.raises(ValueError, match="two-sided"):
        plan_combo(
            SpreadKind.BULL_PUT,
            [Pair(puts[1], puts[0])],
            1,
            credit=credit,
            one=ONE,
            now=NOW,
            spot_usd=SPOT_USD,
            dvol=65.0,
            price_aggression=0.3,
        )
