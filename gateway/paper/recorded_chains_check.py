"""The recorded chains by themselves: how many, how often, how complete, and whether IV and quotes agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from core.contract import UtcTime
from core.pricing.black76 import SECONDS_PER_YEAR
from core.values import Value
from gateway.paper.engine_defaults import EXPIRY_DAYS
from gateway.paper.quotes import value_strike
from gateway.paper.recorded_files import RecordedSnapshot, Slice
from gateway.paper.ticks import UNITS_PER_ETH, rung_of


class ChainsFound(Value):
    """Shares are fractions of all contracts in all snapshots."""

    files: int
    first: UtcTime
    last: UtcTime
    days: float
    snapshots: int
    gap_median_h: float | None
    gap_max_h: float | None
    contracts_min: int
    contracts_median: float
    contracts_max: int
    expiries_min: int
    expiries_max: int
    without_bid: float
    without_ask: float
    tradable_expiry: int
    """Snapshots with an expiry 9 to 15 days ahead."""
    iv_within_quotes: float | None
    """Share of the two-sided quotes 9 to 15 days ahead between which, give or take a tick, Black-76 with the
    recorded IV and forward puts the price."""


def examined_chains(snapshots: Sequence[RecordedSnapshot], files: int) -> ChainsFound:
    """The figures of a record with at least one snapshot."""
    slices = [part for snapshot in snapshots for part in snapshot.slices.values()]
    contracts = [snapshot.contracts for snapshot in snapshots]
    expiries = [len(snapshot.slices) for snapshot in snapshots]
    gaps_h = [(after.at - before.at) / timedelta(hours=1) for before, after in pairwise(snapshots)]
    everything = max(1, sum(contracts))
    return ChainsFound(
        files=files,
        first=snapshots[0].at,
        last=snapshots[-1].at,
        days=(snapshots[-1].at - snapshots[0].at) / timedelta(days=1),
        snapshots=len(snapshots),
        gap_median_h=median(gaps_h) if gaps_h else None,
        gap_max_h=max(gaps_h, default=None),
        contracts_min=min(contracts),
        contracts_median=median(contracts),
        contracts_max=max(contracts),
        expiries_min=min(expiries),
        expiries_max=max(expiries),
        without_bid=sum(bid <= 0 for part in slices for bid in part.bid_units) / everything,
        without_ask=sum(ask <= 0 for part in slices for ask in part.ask_units) / everything,
        tradable_expiry=sum(nearest_expiry(snapshot) is not None for snapshot in snapshots),
        iv_within_quotes=_iv_within_quotes(snapshots),
    )


def nearest_expiry(snapshot: RecordedSnapshot) -> datetime | None:
    """The expiry nearest 11 days ahead within 9 to 15, as the default strategy looks for it."""
    least, wanted, most = (timedelta(days=days) for days in EXPIRY_DAYS)
    inside = [expiry for expiry in snapshot.slices if least <= expiry - snapshot.at <= most]
    return min(inside, key=lambda expiry: abs(expiry - snapshot.at - wanted), default=None)


def atm_iv(part: Slice) -> float:
    """The IV at the strike that equals the forward: linear between the strikes about it. A fraction."""
    forward = median(part.forwards_usd)
    points = sorted({row.strike_usd: iv for row, iv in zip(part.instruments, part.ivs, strict=True)}.items())
    below = [point for point in points if point[0] <= forward]
    above = [point for point in points if point[0] > forward]
    if not below or not above:
        return (above or below)[0 if above else -1][1]
    (low, iv_low), (high, iv_high) = below[-1], above[0]
    return iv_low + (iv_high - iv_low) * (forward - low) / (high - low)


def _iv_within_quotes(snapshots: Sequence[RecordedSnapshot]) -> float | None:
    inside = quoted = 0
    for snapshot in snapshots:
        expiry = nearest_expiry(snapshot)
        if expiry is None:
            continue
        part = snapshot.slices[expiry]
        t_years = (expiry - snapshot.at).total_seconds() / SECONDS_PER_YEAR
        for i, instrument in enumerate(part.instruments):
            bid, ask = part.bid_units[i], part.ask_units[i]
            if bid <= 0 or ask <= 0:
                continue
            value = value_strike(part.forwards_usd[i], instrument.strike_usd, t_years, part.ivs[i])
            rung = rung_of(value.call_eth if instrument.is_call else value.put_eth)
            quoted += 1
            inside += rung_of(bid / UNITS_PER_ETH) - 1.0 <= rung <= rung_of(ask / UNITS_PER_ETH) + 1.0
    return inside / quoted if quoted else None
