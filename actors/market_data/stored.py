"""Selects the quotes to store, as JSON rows, and the marks of the open legs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from core.market.chain_spans import STORED_DTE_MAX, STORED_DTE_MIN
from core.market.option_chain import OptionChain, Quote
from core.messages.room_status import LegMark
from core.orders.books import Books
from core.values import Leg, OptionType


def open_legs(books: Books) -> tuple[Leg, ...]:
    """The legs of every position that carries risk, or may still come to."""
    return tuple(leg for position in books.open_positions for leg in position.plan.legs)


def stored_expiries(chain: OptionChain, now: datetime, legs: Iterable[Leg]) -> tuple[datetime, ...]:
    """The chain's expiries of 5 to 25 days, and those of open legs."""
    first, last = now + timedelta(days=STORED_DTE_MIN), now + timedelta(days=STORED_DTE_MAX)
    held = {leg.expiration for leg in legs}
    return tuple(expiry for expiry in chain.expiries if first <= expiry <= last or expiry in held)


def quotes_json(chain: OptionChain, expiries: Iterable[datetime]) -> tuple[str, int]:
    """The quotes of `expiries` as one JSON list, and how many; prices are decimal text, as they came."""
    rows = [
        _row(quote)
        for expiry in expiries
        for option_type in OptionType
        for quote in chain.side(expiry, option_type)
    ]
    return json.dumps(rows, separators=(",", ":"), allow_nan=False), len(rows)


def leg_marks(chain: OptionChain, legs: Iterable[Leg]) -> dict[str, LegMark]:
    """The marks of those legs of which the chain has a sound quote."""
    marks = {}
    for leg in legs:
        quote = chain.quote(leg.instrument_name)
        if quote is not None and not quote.faults:
            marks[leg.instrument_name] = LegMark(
                instrument_name=quote.instrument_name,
                bid_eth=quote.bid_eth,
                ask_eth=quote.ask_eth,
                mark_eth=quote.mark_eth,
                mark_iv_pct=quote.mark_iv_pct,
                forward_usd=quote.forward_usd,
                delta=quote.delta,
                at=quote.timestamp,
            )
    return marks


def _row(quote: Quote) -> list[str | float | None]:
    return [
        quote.instrument_name,
        *quote.price_texts,
        _finite(quote.mark_iv_pct),
        _finite(quote.delta),
        _finite(quote.open_interest),
        _finite(quote.volume_24h),
    ]


def _finite(value: float) -> float | None:
    """The value rounded to 6 decimals, or None: a broken quote may hold NaN, which JSON does not have."""
    return round(value, 6) if math.isfinite(value) else None
