"""The answer of `get_options_chain` as the columns that its reader would make of it, without JSON on the way.

Every number is rounded as `quotes_json` writes it; a test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.contract import iso_utc
from core.market.chain_columns import ChainColumns
from gateway.paper.quotes import PaperQuote
from gateway.paper.ticks import UNITS_PER_ETH, units_text

_NONE_MISNAMED: frozenset[int] = frozenset()


def chain_columns(quotes: Sequence[PaperQuote], at: datetime) -> ChainColumns:
    """The columns of at least one quote, all of them stamped `at`."""
    (options, bids, asks, bid_sizes, ask_sizes, marks, ivs, deltas, gammas, thetas, vegas, interests, volumes,
     forwards) = zip(*quotes, strict=True)  # fmt: skip
    stamp, number = iso_utc(at), len(quotes)
    mark_texts = [f"{mark:.6f}" for mark in marks]
    forward_texts = {forward: forward_text(forward) for forward in set(forwards)}
    expiries = {expiry: iso_utc(expiry) for expiry in {option.expiration for option in options}}
    return ChainColumns(
        tuple([option.name for option in options]),
        tuple([str(option.strike_usd) for option in options]),
        tuple([option.option_type.value for option in options]),
        tuple([expiries[option.expiration] for option in options]),
        tuple([None if units is None else units_text(units) for units in bids]),
        tuple([None if units is None else units_text(units) for units in asks]),
        bid_sizes,
        ask_sizes,
        tuple(mark_texts),
        ivs,
        tuple([round(delta, 5) for delta in deltas]),
        tuple([round(gamma, 7) for gamma in gammas]),
        tuple([round(theta, 4) for theta in thetas]),
        tuple([round(vega, 4) for vega in vegas]),
        interests,
        volumes,
        tuple([forward_texts[forward] for forward in forwards]),
        (stamp,) * number,
        [float(option.strike_usd) for option in options],
        [option.option_type for option in options],
        [option.expiration for option in options],
        [None if units is None else units / UNITS_PER_ETH for units in bids],
        [None if units is None else units / UNITS_PER_ETH for units in asks],
        [float(text) for text in mark_texts],
        [float(forward_texts[forward]) for forward in forwards],
        [at] * number,
        _NONE_MISNAMED,
    )


def forward_text(forward_usd: float) -> str:
    """A forward as the venue tells it."""
    return f"{forward_usd:.4f}"
