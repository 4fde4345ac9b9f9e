"""Reads the recorded market for the proofs: chains as wire quotes, index, DVOL, funding, events.

The touch size, which the record lacks, is 25 contracts, as the paper venue assumes. Deltas in the record were
read minutes after the prices, so the quotes carry the delta of their own mark IV.
"""

from __future__ import annotations

import csv
import gzip
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path

from core.market.forwards import forwards_of
from core.market.observations import HourlyClose, Level, MacroEvent, MeanFunding
from core.market.option_chain import OptionChain
from core.pricing.black76 import delta, year_fraction
from core.rules.facts import AccountFacts, EngineFacts, EntryFacts, MarketFacts, TradingFacts
from core.strategy import Strategy
from core.values import OptionType

TOUCH_SIZE = 25.0
DAYS_ASKED_FOR = 25.0
"""A cycle asks for the expiries that it may need, not for those of next year."""
EUR_USD = 1.17
FUNDING_WITHOUT_RECORD = 0.05
SAMPLE_EVERY = 5
"""The record has four snapshots a day: each fifth takes all hours of the day in turn."""
BALANCE_ETH = 10.0
CASH_EUR = 150_000.0
_HOUR = timedelta(hours=1)
_MONTHS = {
    name: i + 1
    for i, name in enumerate(
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    )
}


@dataclass(frozen=True)
class Snapshot:
    """One recorded chain as its rows."""

    at: datetime
    spot_usd: float
    rows: list[dict[str, str]]

    def chain(self, strategy: Strategy, days_max: float = DAYS_ASKED_FOR) -> OptionChain:
        """The expiries up to `days_max` ahead, through the wire's shape."""
        last = self.at + timedelta(days=days_max)
        rows = [row for row in self.rows if expiration_of(row["instrument_name"]) <= last]
        return OptionChain.decode(
            {"quotes": [_quote(row, self.at) for row in rows]},
            now=self.at,
            anomalies=strategy.anomalies,
            max_quote_age_s=strategy.liquidity.max_quote_age_s,
        )


@dataclass(frozen=True)
class Series:
    """Values at ascending times; `at_or_before` is the last one known."""

    times: list[datetime]
    values: list[float]

    def at_or_before(self, moment: datetime) -> float:
        return self.values[bisect_right(self.times, moment) - 1]

    def between(self, first: datetime, last: datetime) -> list[tuple[datetime, float]]:
        """The values with first < time <= last."""
        low, high = bisect_right(self.times, first), bisect_right(self.times, last)
        return list(zip(self.times[low:high], self.values[low:high], strict=True))


class RecordedMarket:
    """The folder of recorded data, read in place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.index = _closes(folder / "eth_usd_1h.csv.gz")
        self.dvol = _closes(folder / "eth_dvol_1h.csv.gz")
        self._hourly_funding = _rates(folder / "eth_funding_hyperliquid_1h.csv.gz", "hourly_rate")
        self._eight_hourly_funding = _rates(folder / "eth_funding_okx_8h.csv.gz", "rate_8h")
        self._events = _events(folder / "macro_events_high.csv")

    def snapshots(self, every: int = 1) -> Iterator[Snapshot]:
        """Each `every`-th snapshot of the record, from the first on."""
        for rows in recorded_snapshots(self._folder, every):
            yield _snapshot(list(rows))

    def funding(self, now: datetime) -> tuple[MeanFunding, ...]:
        """The annualised 24-hour mean of each venue with a recent rate, else the declared assumption."""
        found = []
        for venue, series, per_year, age_h in (
            ("hyperliquid", self._hourly_funding, 8760, 1),
            ("okx", self._eight_hourly_funding, 1095, 8),
        ):
            window = series.between(now - timedelta(hours=24), now)
            if window and now - window[-1][0] <= timedelta(hours=age_h + 1):
                mean = sum(rate for _, rate in window) / len(window) * per_year
                found.append(MeanFunding(venue=venue, annualised_frac=mean, as_of=window[-1][0]))
        if not found:
            found.append(MeanFunding(venue="assumed", annualised_frac=FUNDING_WITHOUT_RECORD, as_of=now))
        return tuple(found)

    def entry_facts(self, snapshot: Snapshot, strategy: Strategy) -> EntryFacts:
        """The facts of an account of 10 ETH and 150,000 EUR with nothing open."""
        now, chain = snapshot.at, snapshot.chain(strategy)
        equity_usd = BALANCE_ETH * snapshot.spot_usd + CASH_EUR * EUR_USD
        closes = self.index.between(now - timedelta(hours=722), now)
        return EntryFacts(
            now=now,
            engine=EngineFacts(
                strategy_enabled=True, armed=False, open_positions=0, orders_in_doubt=0, risk_open_usd=0.0
            ),
            account=AccountFacts(
                equity_usd=equity_usd,
                eur_usd=EUR_USD,
                eth_share=BALANCE_ETH * snapshot.spot_usd / equity_usd,
                venue_equity_eth=BALANCE_ETH,
                initial_margin_eth=0.0,
            ),
            market=MarketFacts(
                spot_usd=snapshot.spot_usd,
                dvol=self.dvol.at_or_before(now),
                dvol_24h_ago=self.dvol.at_or_before(now - timedelta(hours=24)),
                index_hourly_closes=tuple(HourlyClose(at=at, close_usd=close) for at, close in closes),
                funding=self.funding(now),
                macro_events=self._events,
                liquidation_level=Level.LOW,
                forwards=forwards_of(chain),
                chain=chain,
            ),
            trading=TradingFacts(since=None, pnl_usd=0.0, highs=(), trades=()),
        )


def _lines(path: Path) -> Iterator[dict[str, str]]:
    raw = path.read_bytes()
    text = gzip.decompress(raw).decode() if path.suffix == ".gz" else raw.decode()
    yield from csv.DictReader(text.splitlines())


def _closes(path: Path) -> Series:
    """Hourly closes, each at the end of its hour."""
    rows = [(_time(row["timestamp"]) + _HOUR, float(row["close"])) for row in _lines(path)]
    return Series([at for at, _ in rows], [value for _, value in rows])


def _rates(path: Path, column: str) -> Series:
    rows = [(_time(row["timestamp"]), float(row[column])) for row in _lines(path)]
    return Series([at for at, _ in rows], [value for _, value in rows])


def _events(path: Path) -> tuple[MacroEvent, ...]:
    return tuple(
        MacroEvent(
            name=row["name"],
            country=row["country"],
            importance=Level(row["importance"]),
            scheduled_at=_time(row["scheduled_at"]),
        )
        for row in _lines(path)
    )


def recorded_snapshots(folder: Path, every: int = 1) -> Iterator[Iterable[dict[str, str]]]:
    """The rows of each `every`-th snapshot; what is left out is not parsed. Exhaust one before the next."""
    number = -1
    for path in sorted((folder / "chains").glob("*.csv.gz")):
        header, *lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        for _, snapshot in groupby(lines, key=lambda line: line.partition(",")[0]):
            number += 1
            if number % every == 0:
                yield csv.DictReader(snapshot, header.split(","))


def _snapshot(rows: list[dict[str, str]]) -> Snapshot:
    at = _time(rows[0]["timestamp"])
    return Snapshot(
        at=at,
        spot_usd=float(rows[0]["index_price"]),
        rows=rows,
    )


@cache
def expiration_of(instrument_name: str) -> datetime:
    day = instrument_name.split("-")[1]
    return datetime(2000 + int(day[-2:]), _MONTHS[day[-5:-2]], int(day[:-5]), 8, tzinfo=UTC)


def _quote(row: dict[str, str], at: datetime) -> dict[str, object]:
    _, _, strike, letter = row["instrument_name"].split("-")
    expiration = expiration_of(row["instrument_name"])
    option_type = OptionType.PUT if letter == "P" else OptionType.CALL
    iv = float(row["implied_volatility"])
    t_years = year_fraction(at, expiration)
    own_delta = delta(option_type, float(row["underlying"]), float(strike), max(t_years, 0.0), iv)
    return {
        "instrument_name": row["instrument_name"],
        "strike": strike,
        "option_type": option_type.value,
        "expiration": expiration.isoformat(),
        "bid": row["bid_price"] or None,
        "ask": row["ask_price"] or None,
        "bid_size": TOUCH_SIZE if row["bid_price"] else 0.0,
        "ask_size": TOUCH_SIZE if row["ask_price"] else 0.0,
        "mark_price": row["mark_price"],
        "mark_iv": iv * 100.0,
        "delta": own_delta,
        "gamma": 0.0,
        "theta": 0.0,
        "vega": float(row["vega"]),
        "open_interest": float(row["open_interest"]),
        "volume_24h": float(row["volume"]),
        "underlying_price": row["underlying"],
        "timestamp": at.isoformat(),
    }


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
