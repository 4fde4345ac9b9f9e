"""Condors of workload W1, stated once more without anything of the project: plain Python over the chains.

    python -m tests.backtest.condor_reference CHAINS

Every Friday, on the expiry exactly 14 days ahead: on each side sell the option whose delta is nearest 0.16
and buy the one further out whose delta is nearest 0.08, both within their bounds and quoted above 0.05 USD
on both sides. One contract at the natural price, no fees. From the next day on, at mids and in USD: out at
half of the credit, or when closing costs three times it, at the natural price; else what the expiry day pays.
"""

from __future__ import annotations

import csv
import gzip
import importlib
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

SHORT, LONG = (0.10, 0.22, 0.16), (0.03, 0.12, 0.08)
"""Least, most and wanted |delta|."""
FRIDAY = 4
AHEAD = timedelta(days=14)
QUOTE_MIN_USD = 0.05
PROFIT, STOP = 0.5, 3.0
COLUMNS = ("quote_date", "expiration", "strike", "option_type", "underlying_price", "delta", "bid", "ask")


class Quote(NamedTuple):
    """One option on one day, USD."""

    strike: float
    delta: float
    bid: float
    ask: float

    @property
    def mid(self) -> float:
        return (self.bid + self.ask) / 2.0


class CondorTrade(NamedTuple):
    """`strikes`: short and long put, short and long call. `why` is profit, stop or settlement."""

    entered: date
    closed: date
    strikes: tuple[float, float, float, float]
    why: str
    pnl_usd: float


Side = dict[float, Quote]
Chains = Mapping[date, Mapping[tuple[date, str], Side]]
"""The sides of each day by expiry and `p` or `c`."""


def read(path: Path) -> tuple[Chains, dict[date, float]]:
    """All quotes, and the index of each day."""
    days: defaultdict[date, defaultdict[tuple[date, str], Side]] = defaultdict(lambda: defaultdict(dict))
    spots: dict[date, float] = {}
    for day, expiry, strike, kind, spot, delta, bid, ask in _rows(path):
        days[day][expiry, kind][strike] = Quote(strike, delta, bid, ask)
        spots[day] = spot
    return days, spots


def _rows(path: Path) -> Iterator[tuple[date, date, float, str, float, float, float, float]]:
    if path.suffix == ".parquet":
        table: Any = importlib.import_module("pyarrow.parquet").read_table(path, columns=list(COLUMNS))
        for batch in table.to_batches():
            columns = [batch.column(name).to_pylist() for name in COLUMNS]
            for day, expiry, *rest in zip(*columns, strict=True):
                yield (day.date(), expiry.date(), *rest)
        return
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as file
    ):
        for row in csv.DictReader(file):
            day, expiry = (date.fromisoformat(row[name][:10]) for name in COLUMNS[:2])
            spot, delta, bid, ask = (float(row[name] or 0) for name in COLUMNS[4:])
            yield day, expiry, float(row["strike"]), row["option_type"], spot, delta, bid, ask


def trades(chains: Chains, spots: Mapping[date, float]) -> Iterator[CondorTrade]:
    """Every trade, by the day of its entry."""
    last = max(spots)
    for day in sorted(spots):
        expiry = day + AHEAD
        if day.weekday() != FRIDAY or expiry > last:
            continue
        legs = {kind: _pair(chains[day].get((expiry, kind), {}), kind, spots[day]) for kind in "pc"}
        if not all(legs.values()):
            continue
        credit = sum(short.bid - long.ask for short, long in _each(legs))
        if credit > 0.0:
            strikes = [quote.strike for pair in _each(legs) for quote in pair]
            yield _held(chains, spots, day, expiry, tuple(strikes), credit)  # type: ignore[arg-type]


def _each(legs: Mapping[str, tuple[Quote, Quote] | None]) -> list[tuple[Quote, Quote]]:
    return [pair for pair in legs.values() if pair is not None]


def _pair(side: Side, kind: str, spot: float) -> tuple[Quote, Quote] | None:
    """Short and long leg of a side that are nearest to what is wanted together; None without any."""
    sound = [quote for quote in side.values() if min(quote.bid, quote.ask) > QUOTE_MIN_USD]
    outward = -1.0 if kind == "p" else 1.0
    pairs = [
        (short, long)
        for short in _within(sound, SHORT)
        for long in _within(sound, LONG)
        if (long.strike - short.strike) * outward > 0.0
    ]
    return min(
        pairs,
        key=lambda pair: (
            round(
                sum(abs(abs(quote.delta) - of[2]) for quote, of in zip(pair, (SHORT, LONG), strict=True)), 10
            ),
            *(abs(quote.strike - spot) for quote in pair),
        ),
        default=None,
    )


def _within(quotes: Iterable[Quote], bounds: tuple[float, float, float]) -> list[Quote]:
    return [quote for quote in quotes if bounds[0] <= abs(quote.delta) <= bounds[1]]


def _held(
    chains: Chains,
    spots: Mapping[date, float],
    entered: date,
    expiry: date,
    strikes: tuple[float, float, float, float],
    credit: float,
) -> CondorTrade:
    """What became of it."""
    day = entered + timedelta(days=1)
    while day < expiry:
        puts, calls = (chains[day].get((expiry, kind), {}) for kind in "pc")
        shorts = puts.get(strikes[0]), calls.get(strikes[2])
        longs = puts.get(strikes[1]), calls.get(strikes[3])
        if None not in shorts and None not in longs:
            there = [(short, long) for short, long in zip(shorts, longs, strict=True) if short and long]
            cost = sum(short.mid - long.mid for short, long in there)
            if cost <= PROFIT * credit or cost >= STOP * credit:
                why = "profit" if cost <= PROFIT * credit else "stop"
                paid = sum(short.ask - long.bid for short, long in there)
                return CondorTrade(entered, day, strikes, why, credit - paid)
        day += timedelta(days=1)
    spot = spots[expiry]
    paid = max(strikes[0] - spot, 0.0) - max(strikes[1] - spot, 0.0)
    paid += max(spot - strikes[2], 0.0) - max(spot - strikes[3], 0.0)
    return CondorTrade(entered, expiry, strikes, "settlement", credit - paid)


def main(path: Path) -> None:
    found = list(trades(*read(path)))
    for trade in found:
        sys.stdout.write(f"{trade.entered} {trade.closed} {trade.strikes} {trade.why} {trade.pnl_usd:.4f}\n")
    sys.stdout.write(f"{len(found)} trades, {sum(trade.pnl_usd for trade in found):.4f} USD\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
