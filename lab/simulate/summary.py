"""Sums up what has happened in a simulation."""

from __future__ import annotations

from collections.abc import Sequence

from lab.simulate.outcome import WorldOutcome
from lab.simulate.station import Station
from lab.simulate.venue import LabVenue
from reading.books import chain_end, has_books


def sum_up(outcome: WorldOutcome, venue: LabVenue, stations: Sequence[Station]) -> None:
    """Fill in counts and the digest of the run."""
    account = venue.venue.account
    outcome.orders, outcome.trades = len(account.orders), len(account.trades)
    outcome.lives = sum(station.lives for station in stations)
    outcome.digest = " ".join(f"{station.name}:{station.digest:08x}:{_head(station)}" for station in stations)


def _head(station: Station) -> str:
    """The end of its log: it holds everything that the engine has decided and done."""
    end = chain_end(station.data_dir) if has_books(station.data_dir) else None
    return "-" if end is None else f"{end[0].seq}:{end[0].hash}"
