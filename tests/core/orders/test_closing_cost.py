"""The cost to close: its refusals, and that rules and exit orders use the same number."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.orders.closing_cost import ClosingCost, closing_cost
from core.values import Failed, SpreadKind
from tests.core.example_market import chain_of, name_of
from tests.core.rules.exit_facts import CALL, LEGS, PUT, PUT_LEGS, decided, position, quotes

TICKS = st.integers(1, 49).map(lambda ticks: f"{ticks / 10_000:.4f}")
SIDES = {key: st.tuples(TICKS | st.none(), TICKS | st.none()) for key in ("p2700", "p2460", "c3400", "c3600")}


@given(kind=st.sampled_from(SpreadKind), touches=st.fixed_dictionaries(SIDES))
def test_the_rules_and_the_order_see_one_cost(
    kind: SpreadKind, touches: dict[str, tuple[str | None, str | None]]
) -> None:
    """In any market, even if legs have no bid or no ask."""
    changes = {}
    for key, (bid, ask) in touches.items():
        low, high = (bid, ask) if bid is None or ask is None else sorted((bid, ask))
        changes[key] = {"bid": low, "ask": high}
    chain = chain_of(quotes(**changes))
    decision = decided(position=position(kind), chain=chain)
    cost = closing_cost(chain, LEGS[kind])
    assert isinstance(cost, ClosingCost)
    assert (cost.mid_eth, cost.natural_eth) == (decision.mid_cost_eth, decision.natural_cost_eth)
    assert (cost.total_eth, cost.flags) == (decision.cost_eth, decision.flags)


def test_every_leg_that_has_no_usable_quote_is_named() -> None:
    sound = quotes(p2700={"mark_iv": 7.0})
    chain = chain_of([quote for quote in sound if quote["instrument_name"] != name_of(PUT, 2460)])
    assert closing_cost(chain, PUT_LEGS) == Failed(
        reasons=(f"leg_broken:{name_of(PUT, 2700)}:iv_out_of_range", f"leg_missing:{name_of(PUT, 2460)}")
    )


def test_a_broken_quote_of_another_option_does_not_matter() -> None:
    chain = chain_of(quotes(c3400={"mark_iv": 7.0}))
    assert chain.quote(name_of(CALL, 3400)) is not None
    cost = closing_cost(chain, PUT_LEGS)
    assert isinstance(cost, ClosingCost)
    assert cost.natural_eth == Decimal("0.0160") - Decimal("0.0050")
