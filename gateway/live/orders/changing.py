"""Editing and cancelling orders, and finding them: what an engine does with an order that it has placed."""

from __future__ import annotations

import logging
from typing import Final

from core.contract import (
    Cancelled,
    CurrencyRequest,
    EditOrderRequest,
    GetOrderByLabel,
    GetOrderHistory,
    MaybeOrder,
    OrderAnswer,
    OrderIdRequest,
    Orders,
)
from core.how_many import how_many
from gateway.live.account.standing import require_coin
from gateway.live.deadline import Deadline
from gateway.live.errors import BusyError, DoubtError, OutsideError, StaleError, VenueError
from gateway.live.fields import AnswerFields, ms_of
from gateway.live.market.instruments import COIN, plain
from gateway.live.orders.combo_signs import Oriented
from gateway.live.orders.combos import ComboBooks
from gateway.live.orders.outcomes import raised_for
from gateway.live.orders.placing import CLOCK_OFF_MAX_S, LEFT_MIN_S, TOO_LATE, Placing
from gateway.live.orders.reads import OrderReads, the_one
from gateway.live.orders.registry import LabelState, Registry
from gateway.live.orders.resolver import Resolver
from gateway.live.orders.rows import ListedOrder, venue_order
from gateway.live.venue.codes import NOT_FOUND, SHUT
from gateway.live.venue.methods import Method
from gateway.live.venue.sending import DeribitSending, asked_number
from gateway.shell.refusals import MalformedRequestError, SoftRefusalError

logger = logging.getLogger(__name__)
NOT_FOUND_TEXT: Final = "10004 order_not_found"
NOT_OPEN_TEXT: Final = "11044 not_open_order"


class Changing:
    """The other order tools. Each raises an `OutsideError` if the venue does not answer."""

    def __init__(
        self,
        sending: DeribitSending,
        orders: OrderReads,
        combos: ComboBooks,
        registry: Registry,
        resolver: Resolver,
        placing: Placing,
    ) -> None:
        self._sending = sending
        self._orders = orders
        self._combos = combos
        self._registry = registry
        self._resolver = resolver
        self._placing = placing

    async def by_label(self, request: GetOrderByLabel, deadline: Deadline) -> MaybeOrder:
        """The order under a label. Null only if every look says so and nothing of it is under way."""
        known = self._registry.get(request.label)
        if known is not None:
            known = await self._resolver.settled(known, deadline)
        found = await self._orders.with_label(request.label, deadline)
        if known is not None and known.order_id is not None:
            one = await self._orders.by_id(known.order_id, deadline)
            found = [each for each in found if one is None or each.order_id != one.order_id]
            found += [] if one is None else [one]
        one = the_one(found)
        if one is not None:
            return MaybeOrder(order=await self._orders.shown(one, deadline))
        again = self._registry.get(request.label)
        if again is not None and (known is None or again.state is LabelState.SENDING):
            raise StaleError(f"label under way: {request.label}")
        return MaybeOrder(order=None)

    async def open_orders(self, request: CurrencyRequest, deadline: Deadline) -> Orders:
        """Every open order, somebody else's too, oldest first."""
        require_coin(request.currency)
        return await self._shown(await self._orders.open_orders(deadline), deadline)

    async def history(self, request: GetOrderHistory, deadline: Deadline) -> Orders:
        """Final orders, oldest first."""
        return await self._shown(await self._orders.history(request, deadline), deadline)

    async def edit(self, request: EditOrderRequest, deadline: Deadline) -> OrderAnswer:
        """The order with another price or total. Raises as a placement does."""
        async with self._placing.lock:
            found = await self._known(request.order_id, deadline)
            if found.state != "open":
                raise SoftRefusalError(NOT_OPEN_TEXT, f"{request.order_id} is {found.state}")
            turned = await self._turned(found, deadline)
            asked = await self._asked(request, found, turned, deadline)
            by = deadline
            if request.valid_until is not None:
                by = self._in_time(ms_of(request.valid_until), deadline)
            try:
                await self._sending.room(by)
            except BusyError as error:
                raise BusyError(f"not sent: {error}") from error
            if request.valid_until is not None:
                self._in_time(ms_of(request.valid_until), deadline)
            result = await self._changed(Method.EDIT, asked, deadline)
        edited = venue_order(AnswerFields(result, "edit").child("order"))
        if edited.order_id != request.order_id:
            raise DoubtError(f"edit: expected order {request.order_id}, found {edited.order_id}")
        return OrderAnswer(order=await self._orders.shown(edited, deadline))

    async def cancel(self, request: OrderIdRequest, deadline: Deadline) -> OrderAnswer:
        """The order, cancelled. It waits for no placement."""
        try:
            result = await self._sending.change(Method.CANCEL, {"order_id": request.order_id}, deadline)
        except VenueError as error:
            if error.code in NOT_FOUND:
                raise await self._gone(request.order_id, error, deadline) from error
            if error.code in SHUT:
                raise
            raise raised_for(error) from error
        except OutsideError as error:
            raise _not_cancelled(error) from error
        cancelled = venue_order(AnswerFields(result, "cancel"))
        return OrderAnswer(order=await self._orders.shown(cancelled, deadline))

    async def cancel_all(self, request: CurrencyRequest, deadline: Deadline) -> Cancelled:
        """Cancel whatever rests, at once, and again when a placement that is under way has ended."""
        require_coin(request.currency)
        number = await self._cancel_all(deadline)
        if self._placing.lock.locked():
            async with self._placing.lock:
                number += await self._cancel_all(deadline)
        left = await self._orders.open_orders(deadline)
        if left:
            rest = how_many(len(left), "order")
            raise StaleError(f"cancel_all: not yet cancelled: {rest}, the first is {left[0].order_id}")
        return Cancelled(cancelled=number)

    async def _cancel_all(self, deadline: Deadline) -> int:
        asked = {"currency": COIN, "kind": "any"}
        try:
            result = await self._sending.change(Method.CANCEL_ALL, asked, deadline)
        except VenueError as error:
            if error.code in SHUT:
                raise
            raise raised_for(error) from error
        except OutsideError as error:
            raise _not_cancelled(error) from error
        if isinstance(result, bool) or not isinstance(result, int):
            raise DoubtError(f"cancel_all: expected a number, found {str(result)[:40]!r}")
        return result

    async def _known(self, order_id: str, deadline: Deadline) -> ListedOrder:
        found = await self._orders.by_id(order_id, deadline)
        if found is None:
            raise SoftRefusalError(NOT_FOUND_TEXT, order_id)
        return found

    async def _turned(self, found: ListedOrder, deadline: Deadline) -> Oriented:
        """How the order is turned; only one of ours is changed."""
        known = self._registry.of_order(found.order_id) or self._registry.get(found.label)
        if known is None or known.oriented.instrument != found.instrument:
            raise SoftRefusalError("foreign order", f"{found.order_id} was not placed here")
        await self._orders.shown(found, deadline)
        return known.oriented

    async def _asked(
        self, request: EditOrderRequest, found: ListedOrder, turned: Oriented, deadline: Deadline
    ) -> dict[str, object]:
        """The parameters: the venue wants the amount always, and takes it for the new total."""
        offset_s = self._sending.clock.offset_s
        if abs(offset_s) > CLOCK_OFF_MAX_S:
            raise SoftRefusalError("clock off", f"by {offset_s:+.1f} s; nothing was sent")
        asked: dict[str, object] = {"order_id": request.order_id}
        amount = found.amount
        if request.amount is not None:
            if request.amount != int(request.amount):
                raise MalformedRequestError(f"amount: expected whole contracts, found {request.amount}")
            turned_amount = turned.venue_amount(request.amount)
            if turned_amount is None or turned_amount <= found.filled:
                raise MalformedRequestError(f"amount: expected more than is filled, found {request.amount}")
            amount = turned_amount
        asked["amount"] = asked_number(amount)
        price = found.price
        if request.price is not None:
            known = self._registry.of_order(found.order_id) or self._registry.get(found.label)
            sells = known is None or known.request.side == "sell"
            if request.price * (1 if sells else -1) < 0:
                raise MalformedRequestError(f"price: {request.price} contradicts the order's side")
            ticks = await self._combos.ticks(turned.instrument, deadline)
            tick = ticks.at(abs(turned.exact_price(request.price)))
            price = turned.venue_price(request.price, tick)
            if price is None:
                raise SoftRefusalError(
                    "10043 price_wrong_tick", f"{plain(request.price)} is not a multiple of {plain(tick)}"
                )
        if price is not None:
            asked["price"] = asked_number(price)
        if request.valid_until is not None:
            asked["valid_until"] = ms_of(request.valid_until)
        return asked

    def _in_time(self, until_ms: int, deadline: Deadline) -> Deadline:
        left_s = (until_ms - self._sending.clock.now_ms()) / 1000 - LEFT_MIN_S
        if left_s < 0:
            raise SoftRefusalError(TOO_LATE, f"{left_s + LEFT_MIN_S:.1f} s were left; nothing was sent")
        return deadline.but_at_most(left_s)

    async def _changed(self, method: Method, asked: dict[str, object], deadline: Deadline) -> object:
        try:
            return await self._sending.send(method, asked, deadline)
        except OutsideError as error:
            raise raised_for(error) from error

    async def _gone(self, order_id: str, error: VenueError, deadline: Deadline) -> SoftRefusalError:
        """What is said of an order that can't be cancelled any more."""
        found = await self._orders.by_id(order_id, deadline)
        if found is None:
            return SoftRefusalError(NOT_FOUND_TEXT, order_id)
        return SoftRefusalError(f"{error.code} {error.message}", f"{order_id} is {found.state}")

    async def _shown(self, found: list[ListedOrder], deadline: Deadline) -> Orders:
        shown = [await self._orders.shown(each, deadline) for each in found]
        return Orders(orders=tuple(sorted(shown, key=lambda each: each.created_at)))


def _not_cancelled(error: OutsideError) -> Exception:
    """What is raised for a cancel that got no answer: 503 if nothing was sent, else 504."""
    found = raised_for(error)
    return StaleError(str(found)) if isinstance(found, SoftRefusalError) else found
