"""What the switches put in the place of an engine's own: fees, and how cost and credit are measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from core.orders.closing_cost import ClosingCost, LegQuote, cost_of
from core.rules.entry.strikes import Pair
from core.rules.entry.worth import Credit, credit_of
from gateway.paper.account import Fees
from lab.backtest.switches import Switches

NO_FEES: Final = Fees(lambda _price, _contracts: Decimal(0), lambda _payoff, _size, _daily: Decimal(0))


def costing_of(switches: Switches) -> Callable[[Sequence[LegQuote]], ClosingCost]:
    """How the exit rules measure what closing costs."""
    return cost_of if switches.exit_measure == "natural" else _cost_at_mid


def crediting_of(switches: Switches) -> Callable[[Sequence[Pair]], Credit]:
    """How rule 5 measures the credit and the cost of trading it."""
    return credit_of if switches.fees else _credit_without_fees


def _cost_at_mid(legs: Sequence[LegQuote]) -> ClosingCost:
    cost = cost_of(legs)
    return cost._replace(natural_eth=cost.mid_eth, fees_eth=0.0)


def _credit_without_fees(pairs: Sequence[Pair]) -> Credit:
    return credit_of(pairs)._replace(fees_one_way_eth=0.0)
