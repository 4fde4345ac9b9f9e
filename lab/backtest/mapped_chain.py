"""Chains of a mapped market of which only the sides and legs that a rule looks at are ever built."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from core.checks import RuleResult
from core.market.chain_columns import recorded_columns
from core.market.chain_spans import ExpirySpan
from core.market.option_chain import OptionChain, Quote
from core.rules.entry.strikes import Pair
from core.strategy import AnomalySection
from core.values import Leg, OptionType, SpreadKind
from gateway.paper.instruments import ListedOption, option, parse_instrument
from gateway.paper.quotes import PaperQuote
from gateway.paper.ticks import UNITS_PER_ETH
from gateway.paper.typed_chain import chain_columns
from lab.backtest.mapped_market import MappedMarket
from lab.backtest.switches import Switches

_NO_COLUMNS: Final = recorded_columns(())


class Built(NamedTuple):
    """What was built of a market in one way: runs of other settings that look at the same find it again."""

    sides: dict[tuple[datetime, datetime, OptionType], tuple[Quote, ...]]
    legs: dict[tuple[datetime, str], Quote | None]
    chains: dict[tuple[datetime, ExpirySpan], MappedChain]
    choices: dict[tuple[datetime, ExpirySpan, SpreadKind, str], tuple[tuple[Pair, ...], RuleResult]]


BUILT_MAX: Final = 50_000
"""More sides, legs and chains of a market than a sweep looks at; from then on all of them are built anew."""


class MappedChain(OptionChain):
    """The quotes of one moment. `quote_min_usd`: a quote with a side at or below it is not there."""

    __slots__ = (
        "_anomalies",
        "_at",
        "_built_before",
        "_market",
        "_quote_min_usd",
        "_quotes",
        "_recorded_deltas",
        "_span",
    )

    def __init__(
        self,
        market: MappedMarket,
        at: datetime,
        span: ExpirySpan,
        anomalies: AnomalySection,
        *,
        recorded_deltas: bool,
        quote_min_usd: float,
        built: Built,
    ) -> None:
        expiries = [expiry for expiry in market.expiries(at) if span.first <= expiry <= span.last]
        # What has faults is judged where it is built: nobody counts those that no rule looks at.
        super().__init__(_NO_COLUMNS, anomalies, quotes_total=1, broken_total=0, expiries=expiries)
        self._market, self._at, self._anomalies = market, at, anomalies
        self._built_before, self._span = built, span
        self._quotes: dict[str, Quote | None] = {}
        self._recorded_deltas, self._quote_min_usd = recorded_deltas, quote_min_usd

    def side(self, expiration: datetime, option_type: OptionType) -> tuple[Quote, ...]:
        sides, key = self._built_before.sides, (self._at, expiration, option_type)
        known = sides.get(key)
        if known is None:
            rows = self._market.side(self._at, expiration, option_type)
            strikes = sorted(rows)
            listed = [(rows[strike], option(expiration, int(strike), option_type)) for strike in strikes]
            known = sides[key] = self._built(listed)
        return known

    def quote(self, instrument_name: str) -> Quote | None:
        quotes = self._quotes
        if instrument_name not in quotes:
            quotes[instrument_name] = self._quote(instrument_name)
        return quotes[instrument_name]

    def choice(
        self, kind: SpreadKind, asked: str, choose: Callable[[], tuple[tuple[Pair, ...], RuleResult]]
    ) -> tuple[tuple[Pair, ...], RuleResult]:
        """What `choose` finds in this chain, of which `asked` tells all that it is asked for by."""
        choices, key = self._built_before.choices, (self._at, self._span, kind, asked)
        known = choices.get(key)
        if known is None:
            known = choices[key] = choose()
        return known

    def _quote(self, instrument_name: str) -> Quote | None:
        legs, key = self._built_before.legs, (self._at, instrument_name)
        if key not in legs:
            instrument = parse_instrument(instrument_name)
            row = self._market.row(self._at, instrument)
            found = () if row is None else self._built([(row, instrument)])
            legs[key] = found[0] if found else None
        return legs[key]

    def _built(self, listed: Sequence[tuple[int, ListedOption]]) -> tuple[Quote, ...]:
        quotes = [self._market.quote_at(row, instrument) for row, instrument in listed]
        quotes = [quote for quote in quotes if self._is_there(quote)]
        if not quotes:
            return ()
        columns = chain_columns(quotes, self._at)
        if self._recorded_deltas:
            return tuple(Quote(columns, row, quote.delta, ()) for row, quote in enumerate(quotes))
        judged = OptionChain(columns, self._anomalies)
        found = (judged.quote(quote.instrument.name) for quote in quotes)
        return tuple(quote for quote in found if quote is not None)

    def _is_there(self, quote: PaperQuote) -> bool:
        least = self._quote_min_usd
        if least <= 0.0:
            return True
        sides = (quote.bid_units or 0, quote.ask_units or 0)
        return min(sides) * quote.forward_usd / UNITS_PER_ETH > least


class MappedChains:
    """Makes them for a reader: an entry reads no small quotes, what is held is judged by all."""

    def __init__(self, market: MappedMarket, anomalies: AnomalySection, switches: Switches) -> None:
        self._market = market
        self._anomalies = anomalies
        self._switches = switches
        self._way = (anomalies.model_dump_json(), switches.delta)

    @property
    def way(self) -> Hashable:
        return self._way

    def for_entry(self, now: datetime, span: ExpirySpan) -> OptionChain:
        if self._switches.expiries_within_record:
            span = ExpirySpan(span.first, min(span.last, self._market.last))
        return self._chain(now, span, self._switches.quote_min_usd)

    def for_held(self, now: datetime, span: ExpirySpan) -> OptionChain:
        return self._chain(now, span, 0.0)

    def for_legs(self, now: datetime, legs: Sequence[Leg]) -> OptionChain:
        expiry = legs[0].expiration
        return self.for_held(now, ExpirySpan(expiry, expiry))

    def _chain(self, now: datetime, span: ExpirySpan, quote_min_usd: float) -> OptionChain:
        built = self._built((*self._way, quote_min_usd))
        known = built.chains.get((now, span))
        if known is None:
            known = built.chains[now, span] = MappedChain(
                self._market,
                now,
                span,
                self._anomalies,
                recorded_deltas=self._switches.delta == "recorded",
                quote_min_usd=quote_min_usd,
                built=built,
            )
        return known

    def _built(self, way: tuple[str, str, float]) -> Built:
        """What was built in this way before."""
        built = self._market.built.get(way)
        if built is None or sum(map(len, built)) > BUILT_MAX:
            built = self._market.built[way] = Built({}, {}, {}, {})
        return built
