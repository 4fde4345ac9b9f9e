"""What closing a combo costs now, at the touch and at mid."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from core.market.option_chain import Quote
from core.orders.ladder import round_cost_eth
from core.pricing.black76 import black76_price_eth, year_fraction
from core.pricing.fees import combo_fee_estimate_eth
from core.values import COMBO_TICK_ETH, Leg, Side

_NO_ASK_TICKS = 2
"""Where nobody offers, closing is assumed to cost the model price and two ticks."""


class ClosingCost(NamedTuple):
    """What buying the combo back costs per contract, ETH; positive where we pay."""

    mid_eth: Decimal
    natural_eth: Decimal
    fees_eth: float
    flags: tuple[str, ...]

    @property
    def total_eth(self) -> float:
        return float(self.natural_eth) + self.fees_eth


def closing_cost(legs: Sequence[tuple[Leg, Quote]]) -> ClosingCost:
    """Σ ask of shorts − Σ bid of longs, and a fee a leg. No bid is 0, no ask the model price + 2 ticks."""
    mid = natural = Decimal(0)
    paid: list[float] = []
    flags: list[str] = []
    for leg, quote in legs:
        bid, ask = quote.bid_eth, quote.ask_eth
        if bid is None:
            bid = Decimal(0)
            flags.append(f"no_bid:{leg.instrument_name}")
        if ask is None:
            ask = max(_model_ask_eth(quote), bid)
            flags.append(f"no_ask:{leg.instrument_name}")
        sign = 1 if leg.side is Side.SELL else -1
        touch = ask if leg.side is Side.SELL else bid
        mid += sign * leg.ratio * (bid + ask) / 2
        natural += sign * leg.ratio * touch
        paid += [float(touch)] * leg.ratio
    return ClosingCost(mid, natural, combo_fee_estimate_eth(paid), tuple(flags))


def _model_ask_eth(quote: Quote) -> Decimal:
    model = black76_price_eth(
        quote.option_type,
        quote.forward_usd,
        quote.strike_usd,
        year_fraction(quote.timestamp, quote.expiration),
        quote.mark_iv_pct / 100.0,
    )
    return round_cost_eth(Decimal(repr(model))) + _NO_ASK_TICKS * COMBO_TICK_ETH
