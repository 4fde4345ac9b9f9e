"""Answers one `calc` request: a mapping of fields in, a mapping of results out.

Prices, greeks and iv are per contract; fees, margins and P&L are for the amount. A request is refused with an
`InputError` unless every number of its answer is finite.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from cli.calc.fields import OPTION_FIELDS, Fields, read_outcomes
from cli.calc.spread import SPREAD_FIELDS, answer_spread
from core.errors import InputError
from core.pricing.black76 import black76_price_eth
from core.pricing.fees import delivery_fee_estimate_eth, trade_fee_estimate_eth
from core.pricing.greeks import option_greeks
from core.pricing.implied_vol import NoImpliedVol, implied_vol
from core.pricing.inverse import payoff_eth
from core.pricing.kelly import kelly_fraction
from core.pricing.margin import MarginLeg, leg_initial_margin_eth, leg_maintenance_margin_eth
from core.values import OptionType

Answer = dict[str, object]


def answer(command: str, request: object) -> Answer:
    """Answer a request to `command`; an `id` in it is echoed, so that a pipe can match the lines.

    Raises `InputError` naming the field that is missing, unknown or unusable.
    """
    echoed: Answer = {}
    if isinstance(request, Mapping) and "id" in request:
        echoed["id"] = request["id"]
        request = {name: value for name, value in request.items() if name != "id"}
    known, respond = COMMANDS[command]
    try:
        result = respond(Fields(request, known))
    except (ArithmeticError, ValueError) as error:
        raise InputError(f"request: the numbers leave the range of double precision ({error})") from error
    for name, value in result.items():
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, float) and not math.isfinite(number):
                raise InputError(f"{name}: the result is not a finite number; the inputs are out of range")
    return {**echoed, **result}


def _price(fields: Fields) -> Answer:
    option_type, forward_usd, strike_usd = _option(fields)
    t_years, iv = fields.t_years(), fields.not_negative("iv")
    price_eth = black76_price_eth(option_type, forward_usd, strike_usd, t_years, iv)
    greeks = option_greeks(option_type, forward_usd, strike_usd, t_years, iv)
    return {
        "price_eth": price_eth,
        "price_usd": price_eth * forward_usd,
        "delta": greeks.delta,
        "net_delta": greeks.net_delta,
        "gamma_per_usd": greeks.gamma_per_usd,
        "vega_usd_per_point": greeks.vega_usd_per_point,
        "theta_usd_per_day": greeks.theta_usd_per_day,
    }


def _iv(fields: Fields) -> Answer:
    option_type, forward_usd, strike_usd = _option(fields)
    implied = implied_vol(option_type, forward_usd, strike_usd, fields.t_years(), fields.finite("price_eth"))
    if isinstance(implied, NoImpliedVol):
        return {"iv": None, "reason": implied.reason.value, "detail": implied.detail}
    return {"iv": implied}


def _pnl(fields: Fields) -> Answer:
    option_type, strike_usd = fields.option_type(), fields.positive("strike")
    price_eth, amount = fields.not_negative("price_eth"), fields.amount()
    settlement_usd = fields.positive("settlement")
    paid_eth = payoff_eth(option_type, strike_usd, settlement_usd)
    pnl_eth = amount * (paid_eth - price_eth)
    if not fields.flag("fees"):
        return {"pnl_eth": pnl_eth, "pnl_usd": pnl_eth * settlement_usd}
    fee_eth = trade_fee_estimate_eth(price_eth, amount) + delivery_fee_estimate_eth(paid_eth, amount)
    pnl_eth -= fee_eth
    return {"pnl_eth": pnl_eth, "pnl_usd": pnl_eth * settlement_usd, "fee_eth": fee_eth}


def _fees(fields: Fields) -> Answer:
    amount = fields.amount()
    result: Answer = {"fee_eth": trade_fee_estimate_eth(fields.not_negative("price_eth"), amount)}
    if fields.has("settlement"):
        paid_eth = payoff_eth(fields.option_type(), fields.positive("strike"), fields.positive("settlement"))
        result["delivery_fee_eth"] = delivery_fee_estimate_eth(paid_eth, amount)
    return result


def _margin(fields: Fields) -> Answer:
    leg = MarginLeg(*_option(fields), mark_eth=fields.not_negative("price_eth"), amount=fields.amount())
    return {"im_eth": leg_initial_margin_eth(leg), "mm_eth": leg_maintenance_margin_eth(leg)}


def _kelly(fields: Fields) -> Answer:
    return {"kelly": kelly_fraction(read_outcomes(fields))}


def _option(fields: Fields) -> tuple[OptionType, float, float]:
    return fields.option_type(), fields.positive("forward"), fields.positive("strike")


COMMANDS: dict[str, tuple[frozenset[str], Callable[[Fields], Answer]]] = {
    "price": (OPTION_FIELDS, _price),
    "iv": (OPTION_FIELDS, _iv),
    "pnl": (OPTION_FIELDS, _pnl),
    "spread": (SPREAD_FIELDS, answer_spread),
    "fees": (OPTION_FIELDS, _fees),
    "margin": (OPTION_FIELDS, _margin),
    "kelly": (frozenset(("outcomes",)), _kelly),
}
"""The commands, each with the fields that it accepts and the function that answers it."""
