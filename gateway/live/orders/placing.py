"""Placing an order: a label is sent once, and whatever is not known to have failed is in doubt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

from core.contract import Order, OrderAnswer, PlaceComboOrder
from gateway.live.deadline import Deadline
from gateway.live.errors import BusyError, DoubtError, OutsideError
from gateway.live.fields import AnswerFields, ms_of
from gateway.live.market.instruments import plain
from gateway.live.orders.combo_signs import Oriented
from gateway.live.orders.combos import ComboBooks
from gateway.live.orders.outcomes import raised_for, refusal, refusal_of
from gateway.live.orders.reads import OrderReads, the_one
from gateway.live.orders.reducing import require_reducing
from gateway.live.orders.registry import LabelState, Registered, Registry
from gateway.live.orders.resolver import Resolver, said_again
from gateway.live.orders.rows import ListedOrder, venue_order
from gateway.live.venue.methods import Method
from gateway.live.venue.sending import DeribitSending, asked_number
from gateway.shell.refusals import LabelTakenError, MalformedRequestError, SoftRefusalError

logger = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")
LEFT_MIN_S: Final = 0.6
"""With less left to `valid_until` nothing is sent any more."""
AHEAD_MAX: Final = timedelta(seconds=60)
AFTER_S: Final = 1.0
"""An answer is waited for so long after `valid_until`."""
ANSWER_WITHIN_S: Final = 5.0
CLOCK_OFF_MAX_S: Final = 1.0
TOO_LATE: Final = "valid_until_passed"


class PlacingStep(StrEnum):
    """The failpoints of a placement: places between two steps of which a crash may leave the first alone."""

    ASKED = "asked"
    """All was read and judged; the label is not in the registry."""
    TAKEN = "taken"
    """The label is on disk, nothing was sent."""
    ANSWERED = "answered"
    """The venue has answered; nobody has noted it."""
    NOTED = "noted"
    """It is noted; whoever asked has not been answered."""


class Placing:
    """The one placement at a time."""

    def __init__(
        self,
        sending: DeribitSending,
        orders: OrderReads,
        combos: ComboBooks,
        registry: Registry,
        resolver: Resolver,
        held: Callable[[Deadline], Awaitable[dict[str, Decimal]]],
        *,
        sends_reduce_only: bool,
        reach: Callable[[PlacingStep], None] = lambda _: None,
    ) -> None:
        """`held` reads the sizes of positions; `reach` is told each failpoint."""
        self._sending = sending
        self._orders = orders
        self._combos = combos
        self._registry = registry
        self._resolver = resolver
        self._held = held
        self._sends_reduce_only = sends_reduce_only
        self._reach = reach
        self.lock = asyncio.Lock()
        """Whatever places or changes an order holds it; a cancel never waits for it."""

    async def place(self, request: PlaceComboOrder, deadline: Deadline) -> OrderAnswer:
        """The order as the venue took it.

        Raises `MalformedRequestError`, `SoftRefusalError` and `BusyError` if definitely nothing was placed,
        `LabelTakenError` for a label that was sent before, and `DoubtError` if nobody knows.
        """
        until_ms = self._require_sound(request)
        async with self.lock:
            known = self._registry.get(request.label)
            if known is not None:
                await self._require_new(known, deadline)
            by = self._in_time(until_ms, deadline)
            turned = await self._prepared(request, by, deadline)
            asked = await self._asked(request, turned, until_ms, by)
            try:
                # What can't leave in time is not written into the registry either.
                await self._sending.room(self._in_time(until_ms, deadline))
            except BusyError as error:
                raise BusyError(f"not sent: {error}") from error
            left = self._in_time(until_ms, deadline)
            self._reach(PlacingStep.ASKED)
            self._registry.begin(request, turned, until_ms)
            self._resolver.under_way.add(request.label)
            try:
                return await self._sent(request, turned, asked, left)
            finally:
                self._resolver.under_way.discard(request.label)

    async def _require_new(self, known: Registered, deadline: Deadline) -> None:
        """Raise what a label that was sent before is answered with."""
        known = await self._resolver.settled(known, deadline)
        if known.state is LabelState.PLACED and known.order_id is not None:
            raise LabelTakenError(await self._stands(known, known.order_id, deadline))
        raise refusal(said_again(known))

    async def _stands(self, known: Registered, order_id: str, deadline: Deadline) -> Order:
        found = await self._orders.by_id(order_id, deadline)
        if found is None:
            found = the_one(await self._orders.with_label(known.label, deadline))
        if found is None:
            raise SoftRefusalError(
                "10004 order_not_found", f"{order_id} was placed, and is gone at the venue"
            )
        return await self._orders.shown(found, deadline)

    def _require_sound(self, request: PlaceComboOrder) -> int:
        """The end of the request's time (ms). Raises what is refused before anything is read."""
        now = self._sending.clock.now()
        if request.valid_until is None or request.valid_until - now > AHEAD_MAX:
            raise MalformedRequestError(f"valid_until: expected within a minute, found {request.valid_until}")
        if request.amount != int(request.amount):
            raise MalformedRequestError(f"amount: expected whole contracts, found {request.amount}")
        if len({leg.instrument_name for leg in request.legs}) < len(request.legs):
            raise MalformedRequestError("legs: expected each instrument once")
        return ms_of(request.valid_until)

    def _in_time(self, until_ms: int, deadline: Deadline) -> Deadline:
        """What may be waited for before the request is sent. Raises `SoftRefusalError` if it is too late."""
        offset_s = self._sending.clock.offset_s
        if abs(offset_s) > CLOCK_OFF_MAX_S:
            raise SoftRefusalError("clock off", f"by {offset_s:+.1f} s; nothing was sent")
        left_s = (until_ms - self._sending.clock.now_ms()) / 1000 - LEFT_MIN_S
        if left_s < 0:
            raise SoftRefusalError(TOO_LATE, f"{left_s + LEFT_MIN_S:.1f} s were left; nothing was sent")
        return deadline.but_at_most(left_s)

    async def _prepared(self, request: PlaceComboOrder, by: Deadline, deadline: Deadline) -> Oriented:
        """All that is read before, at the same time. Raises if there is a reason not to send."""
        reducing = request.reduce_only
        try:
            turned, labelled, held, resting = await asyncio.gather(
                self._combo(request, by),
                self._orders.with_label(request.label, by),
                self._held(by) if reducing else _nothing({}),
                self._orders.open_orders(by) if reducing else _nothing([]),
            )
            others = [await self._orders.shown(each, by) for each in resting]
        except OutsideError as error:
            raise _not_sent(error) from error
        one = the_one(labelled)
        if one is not None:
            raise LabelTakenError(await self._orders.shown(one, deadline))
        if reducing:
            require_reducing(request, held, others)
        return turned

    async def _combo(self, request: PlaceComboOrder, by: Deadline) -> Oriented:
        turned = await self._combos.for_order(request.legs, by)
        if turned.is_combo:
            await self._combos.until_active(turned.instrument, by)
        await self._combos.ticks(turned.instrument, by)
        return turned

    async def _asked(
        self, request: PlaceComboOrder, turned: Oriented, until_ms: int, by: Deadline
    ) -> dict[str, object]:
        """The parameters of the venue's order."""
        try:
            ticks = await self._combos.ticks(turned.instrument, by)
        except OutsideError as error:
            raise _not_sent(error) from error
        amount = turned.venue_amount(request.amount)
        tick = ticks.at(abs(turned.exact_price(request.price)))
        price = turned.venue_price(request.price, tick)
        if amount is None:
            raise SoftRefusalError(
                "combo mismatch", f"{request.amount} would be a part of {turned.instrument}"
            )
        if price is None:
            raise SoftRefusalError(
                "10043 price_wrong_tick", f"{plain(request.price)} is not a multiple of {plain(tick)}"
            )
        asked: dict[str, object] = {
            "instrument_name": turned.instrument,
            "amount": asked_number(amount),
            "type": "limit",
            "price": asked_number(price),
            "label": request.label,
            "time_in_force": request.time_in_force,
            "valid_until": until_ms,
        }
        if request.reduce_only and (self._sends_reduce_only or not turned.is_combo):
            asked["reduce_only"] = True
        return asked

    async def _sent(
        self, request: PlaceComboOrder, turned: Oriented, asked: dict[str, object], left: Deadline
    ) -> OrderAnswer:
        """Send it, once, and note what came of it."""
        self._reach(PlacingStep.TAKEN)
        label = request.label
        method = Method.BUY if turned.direction == "buy" else Method.SELL
        by = Deadline(left.ends_at_s + LEFT_MIN_S + AFTER_S, left.clock).but_at_most(ANSWER_WITHIN_S)
        try:
            result = await self._sending.send(method, asked, by, again_until=left)
            found = _ours(result, label, turned)
        except OutsideError as error:
            self._reach(PlacingStep.ANSWERED)
            self._note_failure(label, error)
            self._reach(PlacingStep.NOTED)
            raise raised_for(error) from error
        except asyncio.CancelledError:
            self._registry.doubt(label, "the gateway gave up waiting for the answer")
            raise
        self._reach(PlacingStep.ANSWERED)
        self._registry.placed(label, found.order_id)
        self._reach(PlacingStep.NOTED)
        return OrderAnswer(order=await self._orders.shown(found, by))

    def _note_failure(self, label: str, error: OutsideError) -> None:
        said = refusal_of(error)
        if said is None:
            logger.error("label %s is in doubt: %s", label, error)
            self._registry.doubt(label, str(error))
        else:
            self._registry.refused(label, said)


def _ours(result: Any, label: str, turned: Oriented) -> ListedOrder:
    """The order of the answer. Raises `AnomalyError` or `DoubtError` if it is not the one that was sent."""
    found = venue_order(AnswerFields(result, "placement").child("order"))
    expected = (label, turned.instrument, turned.direction)
    if (found.label, found.instrument, found.direction) != expected:
        raise DoubtError(
            f"order: expected {expected}, found {found.label!r}, {found.instrument}, {found.direction}"
        )
    return found


async def _nothing(found: ResultT) -> ResultT:
    """What is not needed is not read."""
    return found


def _not_sent(error: OutsideError) -> Exception:
    """What is raised if a read failed before anything was sent: a refusal, whatever it was."""
    if isinstance(error, BusyError):
        return error
    return SoftRefusalError("not sent", str(error))
