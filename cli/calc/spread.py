"""Answers `calc spread`: P&L, breakevens, worst loss and probability of profit of signed legs at delivery."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from cli.calc.fields import Fields, LegFields, combos_of, read_legs
from core.pricing.breakeven import bends_usd, breakevens_usd, probability_between, value_at_delivery_usd
from core.pricing.fees import TRADE_FEE_ETH, trade_fee_estimate_eth

SPREAD_FIELDS = frozenset(("legs", "credit_eth", "settlements", "forward", "dte", "iv", "fees"))
FALL, RISE = 0.5, 2.0
"""The worst loss is looked for between these multiples of the forward, as sizing does by default."""

Answer = dict[str, object]
ValueUsd = Callable[[float], float]


def answer_spread(fields: Fields) -> Answer:
    """Answer one request; `credit_eth` is per combo, and the legs' amounts say how many combos there are."""
    read = read_legs(fields)
    legs = [each.leg for each in read]
    with_fees = fields.flag("fees")
    credit_eth = combos_of([leg.amount for leg in legs]) * fields.finite("credit_eth")
    fee_eth = math.fsum(_entry_fee_eth(each) for each in read) if with_fees else 0.0
    settlements_usd = fields.prices("settlements")
    forward_usd = fields.positive("forward") if fields.has("forward") else None

    def value_usd(settlement_usd: float) -> float:
        return value_at_delivery_usd(
            legs, credit_eth, settlement_usd, fees_eth=fee_eth, with_delivery_fees=with_fees
        )

    pnls_usd = [value_usd(settlement) for settlement in settlements_usd]
    breakevens = _near_strikes(
        read, breakevens_usd(legs, credit_eth, fees_eth=fee_eth, with_delivery_fees=with_fees)
    )
    result: Answer = {
        "pnl_eth": [pnl / settlement for pnl, settlement in zip(pnls_usd, settlements_usd, strict=True)],
        "pnl_usd": pnls_usd,
        "breakevens": breakevens,
    }
    if with_fees:
        result["fee_eth"] = fee_eth
    span_usd = list(settlements_usd)
    if forward_usd is not None:
        span_usd += [FALL * forward_usd, RISE * forward_usd]
    elif settlements_usd:
        # A spread loses most at or beyond its bought strike, which the settlements alone may not reach.
        span_usd += [leg.strike_usd for leg in legs]
    if span_usd:
        result |= _max_loss(value_usd, bends_usd(legs, with_fees), min(span_usd), max(span_usd))
    if forward_usd is not None and fields.has("dte"):
        result |= _probability_of_profit(fields, read, forward_usd, breakevens, value_usd)
    return result


def _entry_fee_eth(read: LegFields) -> float:
    """Return the fee to open a leg; without a price the cap is unknown and the full fee is taken."""
    if read.price_eth is None:
        return float(TRADE_FEE_ETH) * abs(read.leg.amount)
    return trade_fee_estimate_eth(read.price_eth, read.leg.amount)


def _reach_usd(read: list[LegFields]) -> tuple[float, float]:
    strikes_usd = [each.leg.strike_usd for each in read]
    return FALL * min(strikes_usd), RISE * max(strikes_usd)


def _near_strikes(read: list[LegFields], breakevens: tuple[float, ...]) -> list[float]:
    """Drop breakevens far from the strikes: far above, a call spread gains again, as its credit is in ETH."""
    low_usd, high_usd = _reach_usd(read)
    return [level_usd for level_usd in breakevens if low_usd <= level_usd <= high_usd]


def _max_loss(value_usd: ValueUsd, bends: tuple[float, ...], low_usd: float, high_usd: float) -> Answer:
    points_usd = {low_usd, high_usd, *(bend for bend in bends if low_usd < bend < high_usd)}
    losses_usd = {point: -value_usd(point) for point in points_usd}
    return {
        "max_loss_eth": max(loss / point for point, loss in losses_usd.items()),
        "max_loss_usd": max(losses_usd.values()),
        "max_loss_range_usd": [low_usd, high_usd],
    }


def _probability_of_profit(
    fields: Fields, read: list[LegFields], forward_usd: float, breakevens: list[float], value_usd: ValueUsd
) -> Answer:
    """Return the probability of ending where the P&L is positive, or nothing if no volatility was given.

    A breakeven takes the volatility of the short leg nearest to it, else the request's `iv`.
    """
    t_years = fields.t_years()
    default_iv = fields.not_negative("iv") if fields.has("iv") else None
    low_end_usd, high_end_usd = _reach_usd(read)
    between = partial(probability_between, forward_usd, t_years)
    pieces = []
    for low_usd, high_usd in zip([None, *breakevens], [*breakevens, None], strict=True):
        low_iv, high_iv = (_iv_at(level, read, default_iv) for level in (low_usd, high_usd))
        if low_iv is None or high_iv is None:
            return {}
        inside_usd = 0.5 * ((low_usd or low_end_usd) + (high_usd or high_end_usd))
        if value_usd(inside_usd) > 0.0:
            pieces.append(
                between(low_usd=low_usd, low_sigma_frac=low_iv, high_usd=high_usd, high_sigma_frac=high_iv)
            )
    return {"pop": math.fsum(pieces)}


def _iv_at(level_usd: float | None, read: list[LegFields], default_iv: float | None) -> float | None:
    """Return the volatility to use at a breakeven; an open end needs none, so any will do."""
    shorts = [
        (each.leg.strike_usd, each.iv) for each in read if each.leg.amount < 0.0 and each.iv is not None
    ]
    if level_usd is None:
        return 0.0
    return min((abs(strike - level_usd), iv) for strike, iv in shorts)[1] if shorts else default_iv
