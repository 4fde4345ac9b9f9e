"""One option's market at one moment, its Black-76 figures, and its text in JSON.

This is the venue's hot path (hundreds of quotes a market snapshot), so both options of a strike share one
evaluation of the normal distribution and the JSON is formatted by hand; tests compare the results with
`core.pricing` and with the contract's model.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import erfc, exp, log, pi, sqrt
from typing import NamedTuple

from core.pricing.black76 import DAYS_PER_YEAR
from gateway.paper.instruments import ListedOption
from gateway.paper.ticks import units_text

_SQRT_HALF = sqrt(0.5)
_ONE_OVER_SQRT_TWO_PI = 1.0 / sqrt(2.0 * pi)


class PaperQuote(NamedTuple):
    """One option's market. Prices in ETH per contract; `bid_units`, `ask_units` in 0.0001 ETH, None = empty.

    `gamma` per USD, `theta` USD per day, `vega` USD per point; sizes, open interest and volume in contracts.
    """

    instrument: ListedOption
    bid_units: int | None
    ask_units: int | None
    bid_size: float
    ask_size: float
    mark_eth: float
    iv_pct: float
    delta: float
    gamma: float
    theta: float
    vega: float
    open_interest: float
    volume_24h: float
    forward_usd: float


class StrikeValue(NamedTuple):
    """Black-76 of both options of one strike (r = 0, Act/365); prices in ETH, so divided by the forward."""

    call_eth: float
    put_eth: float
    call_delta: float
    gamma: float
    theta: float
    vega: float


def value_strike(forward_usd: float, strike_usd: float, t_years: float, sigma: float) -> StrikeValue:
    """Value call and put of one strike. Needs `t_years` > 0 and `sigma` > 0."""
    root_t = sqrt(t_years)
    s = sigma * root_t
    moneyness = strike_usd / forward_usd
    d1 = -log(moneyness) / s + 0.5 * s
    density = _ONE_OVER_SQRT_TWO_PI * exp(-0.5 * d1 * d1)
    n_minus_d1 = 0.5 * erfc(d1 * _SQRT_HALF)
    call, put = _both_eth(moneyness, d1, d1 - s, n_minus_d1)
    usd_density = forward_usd * density
    return StrikeValue(
        call,
        put,
        1.0 - n_minus_d1,
        density / (forward_usd * s),
        -usd_density * sigma / (2.0 * root_t) / DAYS_PER_YEAR,
        usd_density * root_t / 100.0,
    )


def value_option(
    forward_usd: float, strike_usd: float, t_years: float, sigma: float, *, is_call: bool
) -> float:
    """The price that `value_strike` gives one of the two, without the rest."""
    s = sigma * sqrt(t_years)
    moneyness = strike_usd / forward_usd
    d1 = -log(moneyness) / s + 0.5 * s
    call, put = _both_eth(moneyness, d1, d1 - s, 0.5 * erfc(d1 * _SQRT_HALF))
    return call if is_call else put


def _both_eth(moneyness: float, d1: float, d2: float, n_minus_d1: float) -> tuple[float, float]:
    """Call and put: the one that is out of the money, and the other by parity."""
    if moneyness <= 1.0:
        put = max(moneyness * 0.5 * erfc(d2 * _SQRT_HALF) - n_minus_d1, 0.0)
        return put + 1.0 - moneyness, put
    call = max(0.5 * erfc(-d1 * _SQRT_HALF) - moneyness * 0.5 * erfc(-d2 * _SQRT_HALF), 0.0)
    return call, call + moneyness - 1.0


def quotes_json(quotes: Iterable[PaperQuote], timestamp: str) -> bytes:
    """The whole `get_options_chain` answer, every quote stamped `timestamp`."""
    tail = f'","timestamp":"{timestamp}"}}'
    texts = [
        f'{head.json_head},"bid":{_price(bid)},"ask":{_price(ask)},"bid_size":{bid_size!r},"ask_size":{ask_size!r}'
        f',"mark_price":"{mark:.6f}","mark_iv":{iv!r},"delta":{delta:.5f},"gamma":{gamma:.7f}'
        f',"theta":{theta:.4f},"vega":{vega:.4f},"open_interest":{interest!r},"volume_24h":{volume!r}'
        f',"underlying_price":"{forward:.4f}{tail}'
        for (
            head,
            bid,
            ask,
            bid_size,
            ask_size,
            mark,
            iv,
            delta,
            gamma,
            theta,
            vega,
            interest,
            volume,
            forward,
        ) in quotes
    ]
    return f'{{"quotes":[{",".join(texts)}]}}'.encode()


def _price(units: int | None) -> str:
    return "null" if units is None else f'"{units_text(units)}"'
