"""What an exit order pays for a short leg that nobody offers, beside what the exit rules say it costs."""

from __future__ import annotations

from decimal import Decimal

from actors.execution.exit import CloseQuote, close_quote
from core.orders.closing_cost import closing_cost
from core.values import COMBO_TICK_ETH
from tests.core.example_market import chain_of, name_of
from tests.core.rules.exit_facts import PUT, PUT_LEGS, quotes


def test_order_and_rules_price_a_missing_ask_differently() -> None:
    """The order adds two ticks to the venue's mark, the rules to the model price on the tick."""
    chain = chain_of(quotes(p2700={"ask": None, "bid": None, "mark_price": "0.0100"}))
    short, long = chain.quote(name_of(PUT, 2700)), chain.quote(name_of(PUT, 2460))
    assert short is not None and long is not None
    ordered = close_quote(chain, PUT_LEGS)
    ruled = closing_cost([(PUT_LEGS[0], short), (PUT_LEGS[1], long)])
    assert isinstance(ordered, CloseQuote)
    assert ordered.natural_cost_eth == Decimal("0.0100") + 2 * COMBO_TICK_ETH - Decimal("0.0050")
    assert ruled.natural_eth - ordered.natural_cost_eth > Decimal("0.0010")
