"""The rows of a record as text: quotes of a chain, and figures of a series."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from core.contract import iso_utc
from core.market.option_chain import OptionChain, Quote
from core.messages.recorder import KeepReading, SeriesRow
from core.values import OptionType

CHAIN_COLUMNS: Final = (
    "timestamp",
    "reader",
    "read_at",
    "instrument_name",
    "underlying",
    "bid_price",
    "ask_price",
    "bid_size",
    "ask_size",
    "mark_price",
    "implied_volatility",
    "delta",
    "open_interest",
    "volume",
    "index_price",
    "dvol",
    "faults",
)
"""`timestamp` is the slot that the market was read for, `read_at` when the reading was complete. Prices in
ETH per contract, empty without a quote; sizes, open interest and volume in contracts; `underlying` (the
forward) and `index_price` in USD; `implied_volatility` a fraction; `dvol` in points; `delta` is ours, from
the IV; `faults` says why a quote is broken. What is no number is empty."""
SERIES_COLUMNS: Final = (
    "told_at",
    "series",
    "timestamp",
    "label",
    "country",
    "open",
    "high",
    "low",
    "close",
    "volume",
)
"""Of a bar, `timestamp` is its start; of a rate, what it was told for; of an event, when it is due. A rate
stands in `close`: of `funding_1h` a fraction an hour, of `funding_told` a fraction a year."""


_DIGITS: Final = frozenset("0123456789.-")
_QUOTE: Final = '"'
_SPECIAL: Final = frozenset(',"\n\r')


def csv_text(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV."""
    return "".join(f"{','.join(map(_cell, row))}\n" for row in rows).encode()


def chain_rows(reading: KeepReading) -> Iterator[tuple[str, ...]]:
    """A row a quote, by expiry, puts before calls, then by strike."""
    head = (iso_utc(reading.slot), reading.reader.value, iso_utc(reading.at))
    tail = (plain(reading.spot_usd), plain(reading.dvol))
    for quote in _quotes(reading.chain):
        bid, ask, mark = (_price(text) for text in quote.price_texts)
        yield (
            *head,
            quote.instrument_name,
            plain(quote.forward_usd),
            bid,
            ask,
            plain(quote.bid_size),
            plain(quote.ask_size),
            mark,
            plain(round(quote.mark_iv_pct / 100.0, 8)),
            plain(round(quote.delta, 6)),
            plain(quote.open_interest),
            plain(quote.volume_24h),
            *tail,
            "+".join(fault.value for fault in quote.faults),
        )


def series_rows(told_at: datetime, rows: Iterable[SeriesRow]) -> Iterator[tuple[str, ...]]:
    """A row a figure."""
    told = iso_utc(told_at)
    for row in rows:
        figures = (row.open, row.high, row.low, row.close, row.volume)
        yield (
            told,
            row.series.value,
            iso_utc(row.at),
            row.label,
            row.country,
            *("" if figure is None else plain(figure) for figure in figures),
        )


def plain(number: float) -> str:
    """In plain decimal digits that read as the same number, the fewest; empty if it is not finite."""
    if not math.isfinite(number):
        return ""
    text = repr(float(number))
    if "e" in text:
        text = f"{Decimal(text):f}"
    return text.removesuffix(".0")


def _cell(text: str) -> str:
    """In quotes if it has to be."""
    if _SPECIAL.isdisjoint(text):
        return text
    return f'"{text.replace(_QUOTE, 2 * _QUOTE)}"'


def _price(text: str | None) -> str:
    """A price as it came; empty if there is none, or if a broken quote has something else there."""
    if text is None or not set(text) <= _DIGITS:
        return ""
    return text


def _quotes(chain: OptionChain) -> Iterator[Quote]:
    for expiry in chain.expiries:
        for option_type in OptionType:
            yield from chain.side(expiry, option_type)
