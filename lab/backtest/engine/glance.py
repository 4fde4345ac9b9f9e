"""The chain of a stored snapshot in a backtest: only what is asked for by its name is ever built.

An engine stores every quote of the usual expiries, for a person who looks back. Of a run that is over nobody
reads them, and nine tenths of its time would go into them: here a snapshot stores the quotes that it looked
at, those of the legs that are held.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from core.market.chain_columns import recorded_columns
from core.market.chain_spans import ExpirySpan
from core.market.option_chain import OptionChain, Quote
from core.strategy import AnomalySection
from core.values import OptionType
from gateway.paper.instruments import parse_instrument
from gateway.paper.source import MarketSource, hole_at
from gateway.paper.typed_chain import chain_columns
from lab.backtest.reader import NO_EXPIRY, NO_QUOTES, NoFactsError

_NO_COLUMNS: Final = recorded_columns(())


class Glance(OptionChain):
    """The quotes of one moment. Raises `NoFactsError` where an engine would have got no chain."""

    __slots__ = ("_anomalies", "_at", "_found", "_source")

    def __init__(
        self, source: MarketSource, at: datetime, span: ExpirySpan, anomalies: AnomalySection
    ) -> None:
        if hole_at(source.holes, at) is not None:
            raise NoFactsError(NO_QUOTES)
        expiries = [expiry for expiry in source.expiries(at) if span.first <= expiry <= span.last]
        if not expiries:
            raise NoFactsError(NO_EXPIRY)
        super().__init__(_NO_COLUMNS, anomalies, quotes_total=1, broken_total=0, expiries=expiries)
        self._source, self._at, self._anomalies = source, at, anomalies
        self._found: dict[str, Quote | None] = {}

    def quote(self, instrument_name: str) -> Quote | None:
        """The quote of that name, judged as in any chain."""
        if instrument_name not in self._found:
            listed = self._source.quote(self._at, parse_instrument(instrument_name))
            self._found[instrument_name] = (
                None
                if listed is None
                else OptionChain(chain_columns([listed], self._at), self._anomalies).quote(instrument_name)
            )
        return self._found[instrument_name]

    def side(self, expiration: datetime, option_type: OptionType) -> tuple[Quote, ...]:
        """Those that were asked for, by strike."""
        found = (quote for quote in self._found.values() if quote is not None)
        sides = [each for each in found if (each.expiration, each.option_type) == (expiration, option_type)]
        return tuple(sorted(sides, key=lambda quote: quote.strike_usd))
