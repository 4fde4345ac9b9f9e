"""The port through which the venue reads a market; the model market and the recorded chains implement it.

A source is a function of time: no call changes it, so the same call gives the same answer again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from gateway.paper.instruments import ListedOption
from gateway.paper.quotes import PaperQuote


class Bar(NamedTuple):
    """One complete bar; `start` is its beginning. Index in USD, DVOL in percent points, volume in ETH."""

    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


class HourlyFunding(NamedTuple):
    """The rate of the hour that ended at `at`, a fraction."""

    at: datetime
    hourly_rate: float


class VenueFunding(NamedTuple):
    """One exchange's mean funding of its last 24 h, annualised, a fraction."""

    name: str
    annualized_rate: float
    at: datetime


class ScheduledRelease(NamedTuple):
    """One scheduled release."""

    name: str
    country: str
    importance: Literal["low", "medium", "high"]
    scheduled_at: datetime


class Hole(NamedTuple):
    """A span, without its ends, in which the record has no quotes."""

    last: datetime
    """The last snapshot before it."""
    following: datetime
    """The first one after it."""


def hole_at(holes: Sequence[Hole], at: datetime) -> Hole | None:
    """The hole in which `at` lies, if any; the holes are in the order of their times."""
    place = bisect_right(holes, at, key=lambda hole: hole.last) - 1
    return holes[place] if place >= 0 and holes[place].last < at < holes[place].following else None


class MarketSource(Protocol):
    """A market as a function of absolute time (aware UTC)."""

    @property
    def name(self) -> str:
        """`model` or `recorded`."""

    @property
    def start(self) -> datetime:
        """The moment at which a run begins."""

    @property
    def end(self) -> datetime | None:
        """The last moment that can be served, None if there is none."""

    @property
    def assumes(self) -> Collection[str]:
        """The assumptions that stand for what it does not hold, by their names (`Assumptions`)."""

    @property
    def holes(self) -> Sequence[Hole]:
        """Where the market has no quotes, in the order of their times; index and series go on there."""

    def index_usd(self, at: datetime) -> float:
        """The index."""

    def dvol_pct(self, at: datetime) -> float:
        """DVOL, percent points."""

    def delivery_price_usd(self, expiry: datetime) -> float:
        """The mean of the index over the last 30 minutes before `expiry`."""

    def index_bars(self, start: datetime, end: datetime) -> list[Bar]:
        """Hourly bars that start in [start, end) as far as they are known; both ends on the hour."""

    def dvol_bars(self, start: datetime, end: datetime) -> list[Bar]:
        """Hourly bars that start in [start, end) as far as they are known; both ends on the hour."""

    def funding_history(self, start: datetime, end: datetime) -> list[HourlyFunding]:
        """Hourly funding of the reference perpetual in [start, end]; empty if only other exchanges do."""

    def exchange_funding(self, at: datetime) -> list[VenueFunding]:
        """Each exchange's mean funding over the 24 h up to `at`."""

    def events(self, start: datetime, end: datetime) -> list[ScheduledRelease]:
        """Scheduled events in [start, end], by time."""

    def expiries(self, at: datetime) -> Sequence[datetime]:
        """Expiries listed, ascending, all later than `at`."""

    def instruments(self, at: datetime, expiry: datetime) -> Sequence[ListedOption]:
        """The options listed for that expiry, by strike, calls before puts."""

    def chain(self, at: datetime, expiry: datetime) -> Sequence[PaperQuote]:
        """The quotes of `instruments`, in their order."""

    def quote(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        """One option's quote, None if it is not listed."""

    def valued(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        """What a held option is valued by: its quote, or in a hole what the last snapshot makes of it.

        An account has an equity and a margin at any time. Nothing can be traded or decided by it.
        """

    def mark_eth(self, at: datetime, instrument: ListedOption) -> float | None:
        """The mark of `quote`, for less than the rest of it costs; None if it is not listed."""
