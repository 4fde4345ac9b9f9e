"""Nothing is known early: what comes after a moment can be anything, and all before it stays the same."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.strategy import Strategy
from gateway.paper.instruments import ListedOption
from gateway.paper.model_market import ModelMarket
from gateway.paper.quotes import PaperQuote
from gateway.paper.recorded import RecordedMarket
from gateway.paper.recorded_files import RecordedSnapshot, Slice
from gateway.paper.recorded_series import HOUR, FundingSeries, HourlySeries, ToldFunding
from gateway.paper.smile import ExpirySmile
from gateway.paper.source import Bar
from lab.backtest.road import CoreRoad

MINUTE = timedelta(minutes=1)


def noise(of: object, spread: float = 0.2) -> float:
    """A factor drawn from what it is for: another one at each place, the same one again."""
    drawn = int.from_bytes(hashlib.sha256(repr(of).encode()).digest()[:4]) / 2**32
    return math.exp(spread * (drawn - 0.5))


class NoisyAfter(ModelMarket):
    """The model market up to a cut; after it index, DVOL and every quote are noise."""

    def __init__(self, seed: int, cut: datetime) -> None:
        super().__init__(seed)
        self.cut = cut

    def index_usd(self, at: datetime) -> float:
        return super().index_usd(at) * (noise(("index", at)) if at > self.cut else 1.0)

    def dvol_pct(self, at: datetime) -> float:
        return super().dvol_pct(at) * (noise(("dvol", at)) if at > self.cut else 1.0)

    def index_bars(self, start: datetime, end: datetime) -> list[Bar]:
        return [self._noisy(bar) for bar in super().index_bars(start, end)]

    def dvol_bars(self, start: datetime, end: datetime) -> list[Bar]:
        return [self._noisy(bar) for bar in super().dvol_bars(start, end)]

    def quote(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        found = super().quote(at, instrument)
        return found if found is None or at <= self.cut else self._shaken(at, found)

    def chain(self, at: datetime, expiry: datetime) -> Sequence[PaperQuote]:
        found = super().chain(at, expiry)
        return found if at <= self.cut else [self._shaken(at, quote) for quote in found]

    def mark_eth(self, at: datetime, instrument: ListedOption) -> float | None:
        found = super().mark_eth(at, instrument)
        return found if found is None or at <= self.cut else found * noise((at, instrument.name))

    def smile(self, at: datetime, expiry: datetime) -> ExpirySmile:
        found = super().smile(at, expiry)
        if at <= self.cut:
            return found
        factor = noise(("atm", at, expiry))
        forward_usd = found.forward_usd * noise(("forward", at))
        return found._replace(forward_usd=forward_usd, atm=found.atm * factor, sd=found.sd * factor)

    def stress(self, at: datetime) -> float:
        return super().stress(at) * (noise(("stress", at)) if at > self.cut else 1.0)

    def _noisy(self, bar: Bar) -> Bar:
        return bar if bar.start + HOUR <= self.cut else bar._replace(close=bar.close * noise(bar.start))

    def _shaken(self, at: datetime, quote: PaperQuote) -> PaperQuote:
        factor = noise((at, quote.instrument.name))
        return quote._replace(mark_eth=quote.mark_eth * factor, iv_pct=quote.iv_pct * factor)


def told_until(road: CoreRoad, cut: datetime) -> list[Any]:
    """All that was decided, ordered and filled by then."""
    return [
        [cycle for cycle in road.books.cycles if cycle.closed_at is not None and cycle.closed_at <= cut],
        [trade for trade in road.venue.account.trades.values() if trade.timestamp <= cut],
        [
            (order.order.label, order.order.created_at, order.order.legs, order.order.amount)
            for order in road.venue.account.orders.values()
            if order.order.created_at <= cut
        ],
    ]


def cuts_of(road: CoreRoad, number: int) -> list[datetime]:
    """Moments over the whole run, and some in the middle of each order: half a minute after it was sent."""
    orders = [order.order.created_at for order in road.venue.account.orders.values()]
    inside = [at + MINUTE * 3 / 2 for at in orders][: number // 2]
    length = road.venue.clock - road.begin
    left = number - len(inside)
    return inside + [road.begin + length * (place + 0.37) / left for place in range(left)]


@pytest.mark.parametrize("number", [4, pytest.param(20, marks=pytest.mark.soak)])
def test_the_model_market_is_not_known_early(number: int) -> None:
    days = timedelta(days=8 if number < 20 else 40)
    whole = CoreRoad(ModelMarket(1), Strategy())
    whole.run(whole.begin + days)
    for cut in cuts_of(whole, number):
        noisy = CoreRoad(NoisyAfter(1, cut), Strategy())
        noisy.run(cut + timedelta(seconds=1))
        assert told_until(noisy, cut) == told_until(whole, cut), cut.isoformat()


def shaken(one: RecordedSnapshot) -> RecordedSnapshot:
    """A snapshot of which nothing but the time and the names of its contracts is left."""
    return one._replace(
        slices={expiry: shaken_slice(one.at, part) for expiry, part in one.slices.items()},
        dvol_pts=None if one.dvol_pts is None else one.dvol_pts * noise(("dvol", one.at)),
    )


def shaken_slice(at: datetime, part: Slice) -> Slice:
    factors = [noise((at, instrument.name)) for instrument in part.instruments]

    def shaken_of(values: Sequence[float]) -> list[float]:
        return [value * factor for value, factor in zip(values, factors, strict=True)]

    return part._replace(
        forwards_usd=[value * noise((at, "forward")) for value in part.forwards_usd],
        bid_units=[max(1, round(units / 10)) for units in shaken_of(part.bid_units)],
        ask_units=[max(2, round(10 * units)) for units in shaken_of(part.ask_units)],
        ivs=shaken_of(part.ivs),
        open_interests=shaken_of(part.open_interests),
        volumes=shaken_of(part.volumes),
        bid_sizes=None if part.bid_sizes is None else shaken_of(part.bid_sizes),
        ask_sizes=None if part.ask_sizes is None else shaken_of(part.ask_sizes),
    )


def noisy_bars(series: HourlySeries, cut: datetime) -> HourlySeries:
    return HourlySeries(
        [
            bar if bar.start + HOUR <= cut else bar._replace(close=bar.close * noise(bar.start))
            for bar in series._bars
        ]
    )


def noisy_funding(series: FundingSeries, cut: datetime) -> FundingSeries:
    """A rate is known from the end of its period on."""
    points = series.all_points()
    hourly = [point.hourly_rate * (10 * noise(point.at) if point.at > cut else 1.0) for point in points]
    times = [point.at for point in points]
    return FundingSeries.of_hourly(series.exchange, series.period, times, hourly)


def noisy_told(told: ToldFunding, cut: datetime) -> ToldFunding:
    if told.told_at <= cut:
        return told
    factor = 10 * noise(told.told_at)
    return told._replace(
        rates=tuple([rate._replace(annualized_rate=rate.annualized_rate * factor) for rate in told.rates])
    )


def noisy_after(market: RecordedMarket, cut: datetime) -> RecordedMarket:
    """The record up to a cut; every figure after it is noise. Their times stay."""
    noisy = copy(market)
    noisy._values, noisy._chains = {}, {}
    noisy._snapshots = [shaken(one) if one.at > cut else one for one in market._snapshots]
    noisy._index = copy(market._index)
    knots = zip(market._index._times, market._index._values, strict=True)
    noisy._index._values = [value * (noise(at) if at > cut else 1.0) for at, value in knots]
    noisy._funding = [noisy_funding(series, cut) for series in market._funding]
    noisy._told = [noisy_told(told, cut) for told in market._told]
    noisy._hourly, noisy._dvol = noisy_bars(market._hourly, cut), noisy_bars(market._dvol, cut)
    return noisy


@pytest.mark.recorded
@pytest.mark.soak
def test_the_record_is_not_known_early(recorded_data: Path) -> None:
    market = RecordedMarket(recorded_data / "chains", "move", 25.0, 0.05)
    whole = CoreRoad(market, Strategy())
    whole.run(whole.begin + timedelta(days=115))
    for cut in cuts_of(whole, 20):
        noisy = CoreRoad(noisy_after(market, cut), Strategy())
        noisy.run(cut + timedelta(seconds=1))
        assert told_until(noisy, cut) == told_until(whole, cut), cut.isoformat()


def test_the_index_off_the_hour_does_not_run_towards_the_next_close(tmp_path: Path) -> None:
    """The fault that this was made for: the close of 15:00 raised by 5 % moved 14:30 by half of that."""
    from tests.gateway.record_folder import MONDAY, write_record

    market = RecordedMarket(write_record(tmp_path), "move", 25.0, 0.05)
    before = market.index_usd(MONDAY + timedelta(minutes=30))
    place = market._index._times.index(MONDAY + HOUR)
    market._index._values[place] *= 1.05
    assert market.index_usd(MONDAY + timedelta(minutes=30)) == before
