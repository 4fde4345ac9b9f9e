"""What is held, at its marks and in floats: enough to see whether an exact look could change anything."""

from __future__ import annotations

from dataclasses import dataclass
from operator import is_
from typing import NamedTuple

from core.orders.books import Position
from core.pricing.margin import short_maintenance_margin_eth
from gateway.paper.account import HeldPosition
from gateway.paper.instruments import ListedOption, parse_instrument
from gateway.paper.venue import Venue
from lab.backtest.books import BacktestBooks


class AtMarks(NamedTuple):
    """The strategy's P&L, and the account."""

    pnl_usd: float
    equity_eth: float
    equity_usd: float
    margin_eth: float


class _Position(NamedTuple):
    """A position of the books: what it has brought, and its legs as places among what the venue holds, each
    with its contracts."""

    pnl_usd: float
    legs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Held:
    """What is held, taken apart. It stands as long as `of`, the values that it was made of."""

    of: tuple[HeldPosition | Position, ...]
    options: tuple[tuple[ListedOption, float], ...]
    """What the venue holds, with its size."""
    positions: tuple[_Position, ...]
    is_whole: bool
    """Whether the venue holds each leg of the books."""


class HeldAtMarks:
    """Values what one account holds, again and again."""

    def __init__(self, venue: Venue, books: BacktestBooks) -> None:
        self._venue = venue
        self._books = books
        self._held = _taken_apart((), ())
        assumed = venue.assumptions
        self._beside_usd = float(assumed.beside_eur * assumed.eur_usd)

    def valued(self) -> AtMarks | None:
        """All of it, now; None if a leg has no quote."""
        venue, held = self._venue, self._current()
        if not held.is_whole:
            return None
        mark_eth, clock = venue.source.mark_eth, venue.clock
        margin_eth, equity_eth = 0.0, float(venue.account.balance_eth)
        marks: list[float] = []
        for instrument, size in held.options:
            found = mark_eth(clock, instrument)
            if found is None:
                return None
            mark = round(found, 6)
            marks.append(mark)
            equity_eth += size * mark
            if size < 0.0:
                margin_eth -= size * short_maintenance_margin_eth(instrument.option_type, mark)
        spot_usd = float(venue.index_usd())
        pnl_usd = self._books.realised_usd
        for position in held.positions:
            value_eth = 0.0
            for place, contracts in position.legs:
                value_eth += contracts * marks[place]
            pnl_usd += position.pnl_usd + value_eth * spot_usd
        return AtMarks(pnl_usd, equity_eth, equity_eth * spot_usd + self._beside_usd, margin_eth)

    def _current(self) -> _Held:
        options, positions = tuple(self._venue.account.positions.values()), self._books.live
        of = (*options, *positions)
        held = self._held
        # All of them are values that never change.
        if len(of) != len(held.of) or not all(map(is_, of, held.of)):
            held = self._held = _taken_apart(options, positions)
        return held


def _taken_apart(options: tuple[HeldPosition, ...], positions: tuple[Position, ...]) -> _Held:
    places = {held.instrument_name: place for place, held in enumerate(options)}
    legs = [
        [(leg, leg.side.sign * leg.ratio * position.contracts) for leg in position.plan.legs]
        if position.contracts
        else []
        for position in positions
    ]
    is_whole = all(leg.instrument_name in places for position in legs for leg, _ in position)
    return _Held(
        (*options, *positions),
        tuple((parse_instrument(held.instrument_name), float(held.size)) for held in options),
        tuple(
            _Position(
                float(position.pnl_usd),
                tuple(
                    (places[leg.instrument_name], contracts)
                    for leg, contracts in found
                    if leg.instrument_name in places
                ),
            )
            for position, found in zip(positions, legs, strict=True)
        ),
        is_whole,
    )
