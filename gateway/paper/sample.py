"""Writes days of the model market as a record that everybody can replay: chains and the series beside them.

The same seed and days give the same bytes. It is the model's market, and proves nothing about a real one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from core.contract import iso_utc
from gateway.paper.model_market import DAY_ZERO, HISTORY, ModelMarket
from gateway.paper.new_folder import new_folder, packed, write_part
from gateway.paper.quotes import PaperQuote
from gateway.paper.recorded_files import CHAIN_COLUMNS, CHAINS_FOLDER, INDEX_COLUMN
from gateway.paper.recorded_series import DVOL_FILE, EVENTS_FILE, FUNDING_PREFIX, INDEX_FILE
from gateway.paper.source import Bar
from gateway.paper.ticks import units_text

SNAPSHOT_EVERY: Final = timedelta(hours=2)
"""So that one is taken at 14:00, when the entry is decided."""
DAYS_MAX: Final = 60
EVENTS_BEYOND: Final = timedelta(days=14)


def write_sample(folder: Path, days: int, seed: int) -> tuple[Path, int]:
    """Write the record into a new folder; returns the folder of its chains and how many quotes they hold.

    Raises InputError if the folder holds something: a record is never written over.
    """
    with new_folder(folder, "a sample") as draft:
        quotes = _write(draft, draft / CHAINS_FOLDER, days, ModelMarket(seed))
    return folder / CHAINS_FOLDER, quotes


def _write(folder: Path, chains: Path, days: int, market: ModelMarket) -> int:
    end = DAY_ZERO + timedelta(days=days)
    rows = 0
    for day in range(days):
        midnight = DAY_ZERO + timedelta(days=day)
        lines = list(_chain_rows(market, midnight))
        rows += len(lines)
        header = ",".join((*CHAIN_COLUMNS, INDEX_COLUMN))
        _write_csv(chains / f"eth_option_chain_{midnight:%Y-%m-%d}.csv.gz", header, lines)
    began = DAY_ZERO - HISTORY
    # A bar more on either series, so that the last snapshot is replayed, too.
    last = end + timedelta(hours=1)
    _write_csv(
        folder / f"{INDEX_FILE}.csv.gz",
        "timestamp,open,high,low,close,volume",
        (f"{_bar(bar)},{bar.volume:.0f}" for bar in market.index_bars(began, last)),
    )
    _write_csv(
        folder / f"{DVOL_FILE}.csv.gz",
        "timestamp,open,high,low,close",
        map(_bar, market.dvol_bars(began, last)),
    )
    _write_csv(
        folder / f"{FUNDING_PREFIX}hyperliquid_1h.csv.gz",
        "timestamp,hourly_rate",
        (f"{iso_utc(point.at)},{point.hourly_rate:.12f}" for point in market.funding_history(began, end)),
    )
    _write_csv(
        folder / f"{EVENTS_FILE}.csv.gz",
        "scheduled_at,name,country,importance",
        (
            f"{iso_utc(event.scheduled_at)},{event.name},{event.country},{event.importance}"
            for event in market.events(began, end + EVENTS_BEYOND)
        ),
    )
    return rows


def _chain_rows(market: ModelMarket, midnight: datetime) -> Iterator[str]:
    """Every quote of a day's snapshots, snapshot by snapshot."""
    at = midnight
    while at < midnight + timedelta(days=1):
        stamp, index = iso_utc(at), f"{market.index_usd(at):.2f}"
        for expiry in market.expiries(at):
            for quote in market.chain(at, expiry):
                yield f"{stamp},{_quote(quote)},{index}"
        at += SNAPSHOT_EVERY


def _quote(quote: PaperQuote) -> str:
    bid, ask = ("" if units is None else units_text(units) for units in (quote.bid_units, quote.ask_units))
    return (
        f"{quote.instrument.name},{quote.forward_usd:.4f},{bid},{ask},{quote.iv_pct / 100.0:.6f},"
        f"{quote.open_interest:.0f},{quote.volume_24h:.0f}"
    )


def _bar(bar: Bar) -> str:
    return f"{iso_utc(bar.start)},{bar.open:.4f},{bar.high:.4f},{bar.low:.4f},{bar.close:.4f}"


def _write_csv(path: Path, header: str, rows: Iterable[str]) -> None:
    write_part(path, packed("".join(f"{row}\n" for row in (header, *rows)).encode()))
