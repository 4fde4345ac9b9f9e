"""The venue's combos: made or found for an order's legs, and waited for until they can be traded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from core.contract import ComboLeg
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError, VenueError
from gateway.live.fields import AnswerFields
from gateway.live.market.instruments import plain
from gateway.live.orders.combo_signs import Oriented, executed, oriented, single
from gateway.live.orders.outcomes import raised_for
from gateway.live.venue.limits import Priority
from gateway.live.venue.methods import Method
from gateway.live.venue.reads import DeribitReads
from gateway.shell.refusals import SoftRefusalError

ACTIVE: Final = "active"
ACTIVE_KEPT_S: Final = 60.0
LOOK_EVERY_S: Final = 0.25
NOT_ACTIVE: Final = "13036 unavailable_for_combo_books"


class Ticks(NamedTuple):
    """The grid of an instrument's prices: a tick, and larger ones above some prices."""

    tick: Decimal
    steps: tuple[tuple[Decimal, Decimal], ...]
    """(above this price, this tick), lowest first."""

    def at(self, price: Fraction) -> Decimal:
        """The tick at a price."""
        found = self.tick
        for above, tick in self.steps:
            if price >= Fraction(above):
                found = tick
        return found


class ComboBooks:
    """Every combo that was met since the start."""

    def __init__(self, reads: DeribitReads, clock: Callable[[], float]) -> None:
        self._reads = reads
        self._clock = clock
        self._legs: dict[str, Mapping[str, int]] = {}
        self._by_order: dict[frozenset[tuple[str, int]], Oriented] = {}
        self._active_since_s: dict[str, float] = {}
        self._ticks: dict[str, Ticks] = {}

    async def for_order(self, legs: Sequence[ComboLeg], deadline: Deadline) -> Oriented:
        """The order of these legs in the venue's terms, its combo made if need be.

        Raises an `OutsideError`, or `SoftRefusalError` if the venue has no such combo.
        """
        if len(legs) == 1:
            return single(legs[0])
        key = frozenset(executed(legs).items())
        known = self._by_order.get(key)
        if known is not None and self._is_active(known.instrument):
            return known
        trades = [
            {"instrument_name": leg.instrument_name, "amount": leg.ratio, "direction": leg.side}
            for leg in legs
        ]
        try:
            answer = await self._reads.read(
                Method.CREATE_COMBO, {"trades": trades}, deadline, Priority.ORDERS
            )
        except VenueError as error:
            refusal = raised_for(error)
            raise refusal if isinstance(refusal, SoftRefusalError) else error from error
        found = self._note(AnswerFields(answer.result, "create_combo"))
        self._by_order[key] = turned = oriented(legs, found, self._legs[found])
        return turned

    async def until_active(self, instrument: str, deadline: Deadline) -> None:
        """Wait until it can be traded. Raises `SoftRefusalError` if that is not within the deadline."""
        while not self._is_active(instrument):
            answer = await self._reads.read(
                Method.GET_COMBO, {"combo_id": instrument}, deadline, Priority.ORDERS
            )
            self._note(AnswerFields(answer.result, "get_combo_details"))
            if self._is_active(instrument):
                return
            if deadline.left_s <= LOOK_EVERY_S:
                raise SoftRefusalError(NOT_ACTIVE, f"{instrument} is not active yet")
            await asyncio.sleep(LOOK_EVERY_S)

    async def legs_of(self, instrument: str, deadline: Deadline) -> Mapping[str, int] | None:
        """The legs that buying a combo executes; None if it is no combo. Raises an `OutsideError`."""
        if not looks_like_combo(instrument):
            return None
        if instrument not in self._legs:
            answer = await self._reads.read(
                Method.GET_COMBO, {"combo_id": instrument}, deadline, Priority.ACCOUNT
            )
            self._note(AnswerFields(answer.result, "get_combo_details"))
        if instrument not in self._legs:
            raise AnomalyError(f"get_combo_details: expected {instrument}, found another")
        return self._legs[instrument]

    async def ticks(self, instrument: str, deadline: Deadline) -> Ticks:
        """The grid of its prices, as the venue says it. Raises an `OutsideError`."""
        if instrument not in self._ticks:
            answer = await self._reads.read(
                Method.GET_INSTRUMENT, {"instrument_name": instrument}, deadline, Priority.ORDERS
            )
            row = AnswerFields(answer.result, "get_instrument")
            steps = row.rows("tick_size_steps") if row.has("tick_size_steps") else ()
            self._ticks[instrument] = Ticks(
                row.decimal("tick_size"),
                tuple(sorted((each.decimal("above_price"), each.decimal("tick_size")) for each in steps)),
            )
        return self._ticks[instrument]

    def _is_active(self, instrument: str) -> bool:
        return self._clock() - self._active_since_s.get(instrument, float("-inf")) < ACTIVE_KEPT_S

    def _note(self, row: AnswerFields) -> str:
        """Keep what the venue says of a combo; its id."""
        name = row.text("id")
        legs = {leg.text("instrument_name"): _whole(leg) for leg in row.rows("legs")}
        known = self._legs.setdefault(name, MappingProxyType(legs))
        if known != legs:
            raise AnomalyError(f"combo {name}: expected the legs {dict(known)}, found {legs}")
        if row.text("state") == ACTIVE:
            self._active_since_s[name] = self._clock()
        return name


def looks_like_combo(instrument: str) -> bool:
    """Whether the second part of a name is a combo's code and not a day; nothing else is read from a name."""
    parts = instrument.split("-")
    return len(parts) > 2 and parts[1][:1].isalpha()


def _whole(leg: AnswerFields) -> int:
    amount = plain(leg.decimal("amount"))
    if amount != int(amount) or amount == 0:
        raise AnomalyError(f"combo: leg: expected whole contracts, found {amount}")
    return int(amount)
