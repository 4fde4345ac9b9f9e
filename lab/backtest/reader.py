"""What the rules read at a moment, straight from the venue: no message, no JSON, no retry, no age.

Every figure is rounded as the venue's tools tell it, so that a decision sees what an engine would see.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from actors.decision.facts import marks_of
from core.contract import GET_DVOL_HISTORY, CurrencyRequest, GetFxRate, Router
from core.market.account import account_facts
from core.market.chain_spans import ExpirySpan, entry_span
from core.market.countries import country_of
from core.market.forwards import forwards_of
from core.market.funding import HourlyRate, mean_fundings
from core.market.incomplete import IncompleteError, PartFault, fault_code
from core.market.index_history import AGO_TOLERANCE, close_at, require_same_index
from core.market.observations import HourlyClose, Level, MacroEvent, MeanFunding, hourly_closes
from core.market.option_chain import OptionChain
from core.market.own_snapshots import BACK_4H, SPOT_AGO_TOLERANCE, SPOTS_KEPT
from core.market.statistics import TREND_HOURS
from core.market.venue_clock import latest_time
from core.orders.books import Position
from core.rules.facts import AccountFacts, HeldAccount, MarketFacts, MonitorMarket
from core.strategy import AnomalySection, Strategy
from core.values import Leg
from gateway.paper.account_tools import get_account_summary, get_fx_rate, get_holdings, get_total_equity
from gateway.paper.instruments import parse_instrument
from gateway.paper.owner import exchange_rate, total_equity
from gateway.paper.source import MarketSource, hole_at
from gateway.paper.typed_chain import chain_columns
from gateway.paper.venue import Venue
from lab.backtest.calendar import last_slot
from lab.backtest.schedule import Schedule
from lab.backtest.shared_market import decoded_of
from lab.backtest.smile_chain import Smiled, smile_chain

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
NO_QUOTES: Final = "deribit.get_options_chain:soft"
NO_EXPIRY: Final = "deribit.get_options_chain:anomaly"
EUR, USD = "EUR", "USD"
IN_ETH, IN_USD, USD_OF_EUR = CurrencyRequest(), CurrencyRequest(currency=USD), GetFxRate(base=EUR, quote=USD)


class Marked(NamedTuple):
    """The exact marks of positions at one moment, by instrument, and the index."""

    marks_eth: Mapping[str, Decimal]
    spot_usd: float


class NoFactsError(Exception):
    """There is no chain now, or no account that can be believed.

    `reason` is the code by which an engine's cycle fails.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Chains(Protocol):
    """Makes the chains that rules read. Either raises `NoFactsError`."""

    @property
    def way(self) -> Hashable:
        """By what those of one market differ."""

    def for_entry(self, now: datetime, span: ExpirySpan) -> OptionChain: ...

    def for_held(self, now: datetime, span: ExpirySpan) -> OptionChain: ...

    def for_legs(self, now: datetime, legs: Sequence[Leg]) -> OptionChain:
        """What these legs of one expiry cost: of their quotes alone, if all of them are there."""


class VenueChains:
    """All quotes of the expiries, each judged as an engine judges it."""

    def __init__(self, source: MarketSource, anomalies: AnomalySection) -> None:
        self._source = source
        self._smiled = source if isinstance(source, Smiled) else None
        self._anomalies = anomalies
        self._decoded = decoded_of(source)
        self._judged_by = anomalies.model_dump_json()

    @property
    def way(self) -> Hashable:
        return self._judged_by

    def for_entry(self, now: datetime, span: ExpirySpan) -> OptionChain:
        return self.for_held(now, span)

    def for_held(self, now: datetime, span: ExpirySpan) -> OptionChain:
        return self._decoded.chains((self._judged_by, now, span), lambda: self._read(now, span))

    def _read(self, now: datetime, span: ExpirySpan) -> OptionChain:
        source = self._source
        if hole_at(source.holes, now) is not None:
            raise NoFactsError(NO_QUOTES)
        expiries = [expiry for expiry in source.expiries(now) if span.first <= expiry <= span.last]
        if self._smiled is not None:
            lazy = smile_chain(self._smiled, now, expiries, self._anomalies)
            if lazy is not None:
                return lazy
        quotes = [quote for expiry in expiries for quote in source.chain(now, expiry)]
        if not quotes:
            raise NoFactsError(NO_EXPIRY)
        return OptionChain(chain_columns(quotes, now), self._anomalies)

    def for_legs(self, now: datetime, legs: Sequence[Leg]) -> OptionChain:
        key = (self._judged_by, now, tuple([leg.instrument_name for leg in legs]))
        return self._decoded.to_close(key, lambda: self._read_legs(now, legs))

    def _read_legs(self, now: datetime, legs: Sequence[Leg]) -> OptionChain:
        source, expiry = self._source, legs[0].expiration
        if hole_at(source.holes, now) is not None:
            raise NoFactsError(NO_QUOTES)
        found = [source.quote(now, parse_instrument(leg.instrument_name)) for leg in legs]
        quotes = [quote for quote in found if quote is not None]
        if len(quotes) < len(found):
            return self.for_held(now, ExpirySpan(expiry, expiry))
        return OptionChain(chain_columns(quotes, now), self._anomalies)


class VenueReader:
    """Reads one venue for one strategy, on the grid of an engine's stored snapshots."""

    def __init__(
        self,
        venue: Venue,
        strategy: Strategy,
        chains: Chains | None = None,
        schedule: Schedule = Schedule.PRODUCTION,
    ) -> None:
        self._venue = venue
        self._strategy = strategy
        self._chains = chains or VenueChains(venue.source, strategy.anomalies)
        self._every = timedelta(minutes=strategy.scheduler.snapshot_every_min)
        self._began = venue.clock
        self._stores_snapshots = schedule is Schedule.PRODUCTION
        self._closes: list[HourlyClose] = []
        self._closes_read = (self._began, self._began)
        """They are of the hours from the first to the second of these moments."""
        self.eur_usd = exchange_rate(venue, EUR, USD)
        self._decoded = decoded_of(venue.source)
        self._judged_by = strategy.anomalies.model_dump_json()
        self._way = (self._chains.way, self._every, self._began, schedule)
        """By what the markets of monitors differ, beside their moments, expiries and accounts."""

    @property
    def now(self) -> datetime:
        return self._venue.clock

    @property
    def has_quotes(self) -> bool:
        """False in a hole of the record."""
        return hole_at(self._venue.source.holes, self.now) is None

    def spot_usd(self, at: datetime | None = None) -> float:
        """The index now, or at a moment that is over."""
        return float(self._venue.index_usd(at))

    def dvol(self) -> float:
        return round(self._venue.source.dvol_pct(self.now), 2)

    def chain_to_close(self, legs: Sequence[Leg]) -> OptionChain:
        """The quotes of the legs of one position, judged. Raises `NoFactsError`."""
        return self._chains.for_legs(self.now, legs)

    def chain_of_legs(self, legs: Iterable[Leg], at: datetime | None = None) -> OptionChain | None:
        """The quotes of these legs alone, as far as they are listed now, or were at a moment that is over;
        None if none is."""
        moment, names = self.now if at is None else at, tuple([leg.instrument_name for leg in legs])
        return self._decoded.legs((self._judged_by, moment, names), lambda: self._read_legs(moment, names))

    def _read_legs(self, moment: datetime, names: Sequence[str]) -> OptionChain | None:
        found = (self._venue.source.quote(moment, parse_instrument(name)) for name in names)
        quotes = [quote for quote in found if quote is not None]
        if not quotes:
            return None
        return OptionChain(chain_columns(quotes, moment), self._strategy.anomalies)

    def marked_at(self, at: datetime, live: Sequence[Position]) -> Marked:
        """The marks of positions at a moment that is now or over, and the index of then."""
        chain = self.chain_of_legs([leg for position in live for leg in position.plan.legs], at)
        return Marked(marks_of(chain, live), self.spot_usd(at))

    def account(self) -> AccountFacts:
        """The account of an entry. Raises `NoFactsError` if what the venue tells of it does not agree."""
        venue = self._venue
        with _told_by_code():
            return account_facts(
                get_account_summary(venue, IN_ETH),
                get_total_equity(venue, IN_USD),
                get_holdings(venue),
                get_fx_rate(venue, USD_OF_EUR),
                spot_usd=self.spot_usd(),
                off_max_frac=self._strategy.anomalies.equity_off_holdings_max_frac,
            )

    def held_account(self) -> HeldAccount:
        """The account while something is held."""
        venue = self._venue
        return HeldAccount(
            venue_equity_eth=float(venue.equity_eth()),
            maintenance_margin_eth=float(venue.held_margins_eth()[1]),
            equity_usd=self._equity_usd(),
            eur_usd=self.eur_usd,
        )

    def _equity_usd(self) -> float:
        return float(total_equity(self._venue, USD))

    def entry_market(self, held: Iterable[datetime]) -> MarketFacts:
        """The market of an entry; `held` are the expiries of what is open. Raises `NoFactsError`."""
        chain = self._chains.for_entry(self.now, entry_span(self.now, self._strategy.strikes, held))
        spot_usd, closes = self.spot_usd(), self._hourly_closes(self.now - (TREND_HOURS + 4) * HOUR)
        with _told_by_code():
            require_same_index(closes, spot_usd)
        venue, latest = self._venue, latest_time(self.now, self._strategy.anomalies)
        return MarketFacts(
            spot_usd=spot_usd,
            dvol=self.dvol(),
            dvol_24h_ago=self._dvol_ago(latest - DAY),
            index_hourly_closes=closes,
            funding=self._funding(latest),
            macro_events=self._events(),
            liquidation_level=Level(venue.assumptions.liquidation_pressure),
            forwards=forwards_of(chain),
            chain=chain,
        )

    def ungated_market(self, held: Iterable[datetime]) -> MarketFacts:
        """What rules 4 to 8 read, of a market that need not have more. Raises `NoFactsError`."""
        dvol = self.dvol()
        return MarketFacts(
            spot_usd=self.spot_usd(),
            dvol=dvol,
            dvol_24h_ago=dvol,
            index_hourly_closes=(),
            funding=(),
            macro_events=(),
            liquidation_level=Level.LOW,
            forwards=None,
            chain=self._chains.for_entry(self.now, entry_span(self.now, self._strategy.strikes, held)),
        )

    def monitor_market(self, span: ExpirySpan, *, with_account: bool) -> MonitorMarket:
        """The market of a monitor; without the account if nothing reads it. Raises `NoFactsError`."""
        if with_account:
            return self._read_monitored(span, self.held_account())
        return self._decoded.monitored((self._way, self.now, span), lambda: self._read_monitored(span, None))

    def _read_monitored(self, span: ExpirySpan, account: HeldAccount | None) -> MonitorMarket:
        return MonitorMarket(
            spot_usd=self.spot_usd(),
            spot_4h_ago_usd=self._spot_4h_ago_usd(),
            dvol=self.dvol(),
            account=account,
            chain=self._chains.for_held(self.now, span),
        )

    def _spot_4h_ago_usd(self) -> float:
        """By the last snapshot that was stored by then, else by the hourly closes. Raises `NoFactsError`."""
        source, moment = self._venue.source, self.now - BACK_4H
        slot = last_slot(self._every, moment)
        kept_since = self.now - SPOTS_KEPT * self._every
        while self._stores_snapshots and slot >= max(self._began, kept_since, moment - SPOT_AGO_TOLERANCE):
            if hole_at(source.holes, slot) is None:
                return float(round(Decimal(source.index_usd(slot)), 2))
            slot -= self._every
        latest = latest_time(self.now, self._strategy.anomalies) - BACK_4H
        with _told_by_code():
            return close_at(self._hourly_closes(self.now - 7 * HOUR), latest)

    def _hourly_closes(self, start: datetime) -> tuple[HourlyClose, ...]:
        """The closes of the hours that began at or after `start` and are over."""
        hours = (ceil_hour(start), floor_hour(self.now))
        return self._decoded.closes(hours, lambda: self._read_closes(*hours))

    def _read_closes(self, first: datetime, last: datetime) -> tuple[HourlyClose, ...]:
        begin, end = self._closes_read
        if not begin <= first <= end:
            self._closes, begin, end = [], first, first
        if last > end:
            bars = self._venue.source.index_bars(end, last)
            self._closes += hourly_closes((bar.start + HOUR, round(bar.close, 2)) for bar in bars)
            end = last
        self._closes_read = begin, end
        after, until = (bisect_right(self._closes, moment, key=_close_at) for moment in (first, last))
        return tuple(self._closes[after:until])

    def _dvol_ago(self, moment: datetime) -> float:
        """The close of the last hour that had ended by then. Raises `NoFactsError` if none ended lately."""
        bars = self._venue.source.dvol_bars(floor_hour(moment) - 3 * HOUR, floor_hour(moment))
        if not bars or moment - (bars[-1].start + HOUR) > AGO_TOLERANCE:
            raise NoFactsError(fault_code(Router.DERIBIT, GET_DVOL_HISTORY.name, PartFault.INCOMPLETE))
        return round(bars[-1].close, 2)

    def _funding(self, latest: datetime) -> tuple[MeanFunding, ...]:
        source = self._venue.source
        return mean_fundings(
            [HourlyRate(*point) for point in source.funding_history(self.now - DAY, self.now)],
            [
                MeanFunding(venue=told.name, annualised_frac=told.annualized_rate, as_of=told.at)
                for told in source.exchange_funding(self.now)
            ],
            latest,
        )

    def _events(self) -> tuple[MacroEvent, ...]:
        entry = self._strategy.entry
        first = self.now - timedelta(hours=entry.macro_before_h)
        last = self.now + timedelta(hours=entry.macro_blackout_h)
        return tuple(
            MacroEvent(
                name=event.name,
                country=country_of(event.country) or event.country,
                importance=Level(event.importance),
                scheduled_at=event.scheduled_at,
            )
            for event in self._venue.source.events(first, last)
            if event.country == entry.macro_country and event.importance == "high"
        )


@contextmanager
def _told_by_code() -> Iterator[None]:
    """What can't be believed fails a cycle by the code that an engine's cycle has for it."""
    try:
        yield
    except IncompleteError as error:
        raise NoFactsError(error.code) from None


def _close_at(close: HourlyClose) -> datetime:
    return close.at


def floor_hour(at: datetime) -> datetime:
    """The full hour at or before a moment."""
    return at.replace(minute=0, second=0, microsecond=0)


def ceil_hour(at: datetime) -> datetime:
    """The full hour at or after a moment."""
    hour = floor_hour(at)
    return hour if hour == at else hour + HOUR
