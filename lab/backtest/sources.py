"""The market of a backtest: recorded chains of a folder, or the model market of a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from core.contract import iso_utc
from core.errors import InputError
from gateway.paper.assumptions import Assumptions, refuse_unused
from gateway.paper.model_market import MODEL_DAYS_KEPT, ModelMarket
from gateway.paper.source import MarketSource
from lab.backtest.quick_path import quickest_walk
from lab.backtest.reader import Chains
from lab.backtest.settings import BacktestSettings
from lab.backtest.shared_market import shared

CACHE: Final = Path("~/.cache/cerbero-bite/records").expanduser()
"""Where records that were read are kept, as columns."""
MODEL_DAYS: Final = 365
"""How long a run on the model market is if no end is given: it has none itself."""
MODEL_DAYS_MAX: Final = 36_500
SHARED_DAYS_KEPT: Final = 500
"""So many days of a path are kept for the next run, at 23 KB each: a year, with the weeks before it."""


@dataclass(frozen=True)
class Market:
    """Which market: `chains`, or the model market of `seed`."""

    chains: Path | None
    seed: int
    assumptions: tuple[str, ...] = ()
    columns: Path | None = None
    """The map of a file of snapshots, which `chains` names then."""

    @property
    def name(self) -> str:
        return f"model seed {self.seed}" if self.chains is None else f"recorded {self.chains}"


@dataclass(frozen=True)
class Opened:
    """A market that can be run from `began` to `ended`."""

    name: str
    source: MarketSource
    assumptions: Assumptions
    began: datetime
    ended: datetime
    chains: Chains | None


def source_of(market: Market) -> MarketSource:
    """Read the market itself. Raises `InputError` if it is broken."""
    return _source_of(market, MODEL_DAYS_KEPT)


def shared_source_of(market: Market) -> MarketSource:
    """The same for many runs that follow each other. Raises `InputError` if it is broken."""
    source = _source_of(market, SHARED_DAYS_KEPT)
    # A mapped market keeps what was built of it by itself.
    return shared(source) if market.columns is None else source


def _source_of(market: Market, days_kept: int) -> MarketSource:
    assumptions = Assumptions.parse(market.assumptions)
    touch_size = float(assumptions.touch_size)
    if market.chains is None:
        return ModelMarket(market.seed, walk=quickest_walk(), days_kept=days_kept)
    # From here on what reads one kind of market is imported by those who read that kind.
    if market.columns is not None:
        from lab.backtest.mapped_market import open_mapped

        return open_mapped(market.chains, market.columns, touch_size, CACHE)
    from gateway.paper.recorded import RecordedMarket
    from lab.backtest.record_cache import kept_record

    return RecordedMarket(
        market.chains,
        "move",
        touch_size,
        assumptions.funding_annual,
        assumptions.max_gap_h,
        kept_record(market.chains, CACHE),
    )


def open_market(
    market: Market,
    settings: BacktestSettings,
    began: datetime | None,
    ended: datetime | None,
    opening: Callable[[Market], MarketSource] = source_of,
) -> Opened:
    """Read it, by `opening`.

    Raises `InputError` if it is broken, or does not cover the span that is asked for.
    """
    assumptions = Assumptions.parse(market.assumptions)
    source = opening(market)
    refuse_unused(market.assumptions, market.name, source.assumes)
    chains = None if market.columns is None else _mapped_chains(source, settings)
    first = source.start if began is None else began
    if first < source.start:
        raise InputError(f"--from: the market begins at {iso_utc(source.start)}, found {iso_utc(first)}")
    end = source.end
    last = ended if ended is not None else end if end is not None else first + timedelta(days=MODEL_DAYS)
    if end is not None and last > end:
        raise InputError(f"--to: the record ends at {iso_utc(end)}, found {iso_utc(last)}")
    if last - first > timedelta(days=MODEL_DAYS_MAX):
        raise InputError(f"--to: expected at most {MODEL_DAYS_MAX:,} days after {iso_utc(first)}")
    if last <= first:
        raise InputError(f"--to: expected a time after {iso_utc(first)}, found {iso_utc(last)}")
    return Opened(market.name, source, assumptions, first, last, chains)


def _mapped_chains(source: MarketSource, settings: BacktestSettings) -> Chains:
    from lab.backtest.mapped_chain import MappedChains
    from lab.backtest.mapped_market import MappedMarket

    assert isinstance(source, MappedMarket)
    return MappedChains(source, settings.strategy.anomalies, settings.switches)
