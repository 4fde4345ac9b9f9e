"""What closing a combo costs now, at the touch and at mid: for the exit rules and for exit orders alike."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from core.market.option_chain import OptionChain, Quote
from core.market.quoted import Quoted
from core.orders.ladder import round_cost_eth
from core.pricing.black76 import black76_price_eth, year_fraction
from core.pricing.fees import combo_fee_estimate_eth
from core.values import COMBO_TICK_ETH, Failed, Leg, Side

_NO_ASK_TICKS = 2
"""If nobody offers, closing is assumed to cost the model price and two ticks."""
LegQuote: TypeAlias = tuple[Leg, Quoted]


class ClosingCost(NamedTuple):
    """What buying the combo back costs per contract, ETH; positive if we pay.

    `flags` names what was assumed, as `no_ask:ETH-…`.
    """

    mid_eth: Decimal
    natural_eth: Decimal
    fees_eth: float
    flags: tuple[str, ...]

    @property
    def total_eth(self) -> float:
        return float(self.natural_eth) + self.fees_eth


def in_full(cost: ClosingCost) -> float:
    """What the rules of an exit compare with the credit: at the touch, with fees; ETH per contract."""
    return cost.total_eth


def closing_cost(chain: OptionChain, legs: Sequence[Leg]) -> ClosingCost | Failed:
    """The cost to close: Σ ask of shorts − Σ bid of longs, plus a fee per leg.

    A missing bid counts as 0, a missing ask as the model price + 2 ticks (at least the bid). `legs` are as
    entered. Failed if a leg is not quoted or its quote is broken.
    """
    quoted = leg_quotes(chain, legs)
    return quoted if isinstance(quoted, Failed) else cost_of(quoted)


def leg_quotes(chain: OptionChain, legs: Sequence[Leg]) -> tuple[LegQuote, ...] | Failed:
    """Each leg with its sound quote, or every reason why one has none."""
    reasons: list[str] = []
    quoted: list[LegQuote] = []
    for leg in legs:
        quote = chain.quote(leg.instrument_name)
        reasons += quote_reasons(leg, quote)
        if quote is not None:
            quoted.append((leg, quote))
    return Failed(reasons=tuple(reasons)) if reasons else tuple(quoted)


def quote_reasons(leg: Leg, quote: Quote | None) -> Sequence[str]:
    """Why this leg's quote can't be used: `leg_missing:…` or `leg_broken:…:fault`; empty if it can."""
    if quote is None:
        return (f"leg_missing:{leg.instrument_name}",)
    return [f"leg_broken:{leg.instrument_name}:{fault.value}" for fault in quote.faults]


def cost_of(legs: Sequence[LegQuote]) -> ClosingCost:
    """`closing_cost` of legs whose quotes are known to be sound."""
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


def _model_ask_eth(quote: Quoted) -> Decimal:
    model = black76_price_eth(
        quote.option_type,
        quote.forward_usd,
        quote.strike_usd,
        year_fraction(quote.timestamp, quote.expiration),
        quote.mark_iv_pct / 100.0,
    )
    return round_cost_eth(Decimal(repr(model))) + _NO_ASK_TICKS * COMBO_TICK_ETH
