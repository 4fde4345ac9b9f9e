"""What is held, at its marks and in floats: enough to see whether an exact look could change anything."""

from __future__ import annotations

from typing import NamedTuple

from core.pricing.margin import short_maintenance_margin_eth
from gateway.paper.instruments import parse_instrument
from gateway.paper.venue import Venue
from lab.backtest.books import BacktestBooks


class AtMarks(NamedTuple):
    """The strategy's P&L, and the account."""

    pnl_usd: float
    equity_eth: float
    equity_usd: float
    margin_eth: float


def at_marks(venue: Venue, books: BacktestBooks) -> AtMarks | None:
    """All of it now; None if a leg has no quote."""
    marks: dict[str, float] = {}
    margin_eth, equity_eth = 0.0, float(venue.account.balance_eth)
    for held in venue.account.positions.values():
        instrument = parse_instrument(held.instrument_name)
        quote = venue.source.quote(venue.clock, instrument)
        if quote is None:
            return None
        mark, size = round(quote.mark_eth, 6), float(held.size)
        marks[held.instrument_name] = mark
        equity_eth += size * mark
        if size < 0.0:
            margin_eth -= size * short_maintenance_margin_eth(instrument.option_type, mark)
    spot_usd = float(venue.index_usd())
    pnl_usd = books.realised_usd
    for position in books.live:
        value_eth = 0.0
        for leg in position.plan.legs:
            if position.contracts and leg.instrument_name not in marks:
                return None
            mark = marks.get(leg.instrument_name, 0.0)
            value_eth += leg.side.sign * leg.ratio * position.contracts * mark
        pnl_usd += float(position.pnl_usd) + value_eth * spot_usd
    assumed = venue.assumptions
    beside_usd = float(assumed.beside_eur * assumed.eur_usd)
    return AtMarks(pnl_usd, equity_eth, equity_eth * spot_usd + beside_usd, margin_eth)
