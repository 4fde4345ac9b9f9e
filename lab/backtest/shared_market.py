"""A market that many runs read: what one of them has asked for, the next ones find.

It answers as the market itself does, to the last bit, as a market is a function of time. Of what runs ask for
again and again it keeps the answers, and the chains that readers have decoded of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, Generic, Protocol, TypeVar, runtime_checkable

from core.market.observations import HourlyClose
from core.market.option_chain import OptionChain
from core.rules.facts import MonitorMarket
from gateway.paper.instruments import ListedOption
from gateway.paper.quotes import PaperQuote
from gateway.paper.smile import ExpirySmile
from gateway.paper.source import Bar, Hole, HourlyFunding, MarketSource, ScheduledRelease, VenueFunding
from lab.backtest.honesty import Aged
from lab.backtest.smile_chain import Smiled

ANSWERS_MAX: Final = 60_000
"""So many moments, quotes or chains of legs are kept: what five points or so ask for in a year."""
CHAINS_MAX: Final = 128
EXPIRIES_MAX: Final = 256
"""Whole chains are large: those of the entries and monitors of a year, and the quotes of their expiries."""

_Key = TypeVar("_Key", bound=Hashable)
_Answer = TypeVar("_Answer")
_NEW: Final[Any] = object()


class Once(Generic[_Key, _Answer]):
    """Makes each answer once, and keeps at most so many; of more the older half is let go."""

    __slots__ = ("_kept", "_most")

    def __init__(self, most: int) -> None:
        """With `most` 0 each is made whenever it is asked for."""
        self._most = most
        self._kept: dict[_Key, _Answer] = {}

    def __call__(self, key: _Key, make: Callable[[], _Answer]) -> _Answer:
        if not self._most:
            return make()
        known: _Answer = self._kept.get(key, _NEW)
        if known is not _NEW:
            return known
        made = make()
        if len(self._kept) >= self._most:
            for old in list(islice(self._kept, (self._most + 1) // 2)):
                del self._kept[old]
        self._kept[key] = made
        return made


class Decoded:
    """What readers have made of a market. The keys tell the moment, and how a chain was judged."""

    def __init__(self, *, is_kept: bool, monitored_max: int = CHAINS_MAX) -> None:
        """`monitored_max`: so many markets of monitors are kept, with their chains."""
        self.chains = Once[Hashable, OptionChain](CHAINS_MAX if is_kept else 0)
        self.to_close = Once[Hashable, OptionChain](ANSWERS_MAX if is_kept else 0)
        self.legs = Once[Hashable, OptionChain | None](ANSWERS_MAX if is_kept else 0)
        self.closes = Once[Hashable, tuple[HourlyClose, ...]](CHAINS_MAX if is_kept else 0)
        self.monitored = Once[Hashable, MonitorMarket](monitored_max if is_kept else 0)


class SharedMarket:
    """Any market, for runs that follow each other."""

    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._indices = Once[datetime, float](ANSWERS_MAX)
        self._quotes = Once[tuple[datetime, ListedOption], PaperQuote | None](ANSWERS_MAX)
        self._marks = Once[tuple[datetime, ListedOption], float | None](ANSWERS_MAX)
        self._values = Once[tuple[datetime, ListedOption], PaperQuote | None](ANSWERS_MAX)
        self._listed = Once[tuple[datetime, datetime], Sequence[PaperQuote]](EXPIRIES_MAX)
        self.decoded = Decoded(is_kept=True)

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def assumes(self) -> Collection[str]:
        return self._source.assumes

    @property
    def start(self) -> datetime:
        return self._source.start

    @property
    def end(self) -> datetime | None:
        return self._source.end

    @property
    def holes(self) -> Sequence[Hole]:
        return self._source.holes

    def index_usd(self, at: datetime) -> float:
        return self._indices(at, lambda: self._source.index_usd(at))

    def quote(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        return self._quotes((at, instrument), lambda: self._source.quote(at, instrument))

    def valued(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        return self._values((at, instrument), lambda: self._source.valued(at, instrument))

    def mark_eth(self, at: datetime, instrument: ListedOption) -> float | None:
        return self._marks((at, instrument), lambda: self._source.mark_eth(at, instrument))

    def dvol_pct(self, at: datetime) -> float:
        return self._source.dvol_pct(at)

    def delivery_price_usd(self, expiry: datetime) -> float:
        return self._source.delivery_price_usd(expiry)

    def index_bars(self, start: datetime, end: datetime) -> list[Bar]:
        return self._source.index_bars(start, end)

    def dvol_bars(self, start: datetime, end: datetime) -> list[Bar]:
        return self._source.dvol_bars(start, end)

    def funding_history(self, start: datetime, end: datetime) -> list[HourlyFunding]:
        return self._source.funding_history(start, end)

    def exchange_funding(self, at: datetime) -> list[VenueFunding]:
        return self._source.exchange_funding(at)

    def events(self, start: datetime, end: datetime) -> list[ScheduledRelease]:
        return self._source.events(start, end)

    def expiries(self, at: datetime) -> Sequence[datetime]:
        return self._source.expiries(at)

    def instruments(self, at: datetime, expiry: datetime) -> Sequence[ListedOption]:
        return self._source.instruments(at, expiry)

    def chain(self, at: datetime, expiry: datetime) -> Sequence[PaperQuote]:
        return self._listed((at, expiry), lambda: self._source.chain(at, expiry))


class SharedRecord(SharedMarket):
    """A recorded one, whose quotes have an age."""

    def __init__(self, source: MarketSource, aged: Aged) -> None:
        """Both are the same record."""
        super().__init__(source)
        self._aged = aged

    def quoted_since(self, at: datetime) -> datetime:
        return self._aged.quoted_since(at)

    def has_sizes(self, at: datetime) -> bool:
        return self._aged.has_sizes(at)


class SharedSmile(SharedMarket):
    """One whose quotes are made by a smile: those that one run has had built, the next ones find."""

    def __init__(self, source: MarketSource, smiled: Smiled) -> None:
        """Both are the same market."""
        super().__init__(source)
        self._smiled = smiled

    def smile(self, at: datetime, expiry: datetime) -> ExpirySmile:
        return self._smiled.smile(at, expiry)

    def strikes(self, at: datetime, expiry: datetime) -> Sequence[int]:
        return self._smiled.strikes(at, expiry)

    def stress(self, at: datetime) -> float:
        return self._smiled.stress(at)


def shared(source: MarketSource) -> SharedMarket:
    """The same market, for many runs."""
    if isinstance(source, Aged):
        return SharedRecord(source, source)
    return SharedSmile(source, source) if isinstance(source, Smiled) else SharedMarket(source)


@runtime_checkable
class Decodes(Protocol):
    """A market for runs that follow each other."""

    @property
    def decoded(self) -> Decoded: ...


def decoded_of(source: MarketSource) -> Decoded:
    """What other readers of it have made already; nothing is kept of a market for one run."""
    return source.decoded if isinstance(source, Decodes) else Decoded(is_kept=False)
