"""Places, edits and cancels orders: the checks before an order is matched.

A request that is wrong in itself is refused with 422. An order that the venue does not accept is stored in
state `rejected` with its reason. An order whose `valid_until` has passed is dropped and not stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from core.contract import ComboLeg, EditOrderRequest, Order, OrderLeg, PlaceComboOrder
from core.errors import InputError
from core.values import COMBO_TICK_ETH, Side
from core.venue_text import quoted
from gateway.paper.account import VenueOrder
from gateway.paper.instruments import ListedOption, parse_instrument
from gateway.paper.matching import combo_book, fillable
from gateway.paper.refusals import Reason
from gateway.paper.venue import NamedSide, Venue
from gateway.shell.refusals import LabelTakenError, MalformedRequestError, SoftRefusalError

COLLAR_MIN_ETH: Final = Decimal("0.0100")
COLLAR_PER_MARK: Final = Decimal("0.5")
COLLAR_BEYOND_NATURAL_ETH: Final = Decimal("0.0020")
LATE_FILL_AFTER: Final = timedelta(seconds=1)
ZERO: Final = Decimal(0)


def place(venue: Venue, request: PlaceComboOrder, played_reject: bool = False) -> VenueOrder:
    """Take a new order and match it.

    Raises `LabelTakenError`, `MalformedRequestError`, or `SoftRefusalError` if `valid_until` has passed.
    """
    known = venue.account.order_by_label(request.label)
    if known is not None:
        raise LabelTakenError(known.order)
    _require_sound(request)
    if request.valid_until is not None and venue.clock > request.valid_until:
        raise SoftRefusalError(Reason.VALID_UNTIL, f"taken up at {venue.clock.isoformat()}, order dropped")
    order = _new_order(venue, request)
    refused = (Reason.PLAYED_REJECT, "played") if played_reject else _refusal(venue, order)
    if refused is not None:
        reason, detail = refused
        # As the order has it when it is read from the store again.
        order = order.changed(venue.clock, state="rejected", reject_reason=quoted(f"{reason}: {detail}"))
        venue.account.put_order(order)
        return order
    if request.time_in_force == "fill_or_kill" and _fillable_now(venue, order) < order.remaining:
        order = order.changed(venue.clock, state="cancelled")
        venue.account.put_order(order)
        return order
    order = venue.match(order)
    if request.time_in_force != "good_til_cancelled" and order.is_open:
        order = order.changed(venue.clock, state="cancelled")
        venue.account.put_order(order)
    return order


def place_silent(venue: Venue, request: PlaceComboOrder) -> VenueOrder:
    """A fault: half of an order that comes to rest (at least one combo) fills at once, the rest never.

    An order that fills in whole or in part by itself stays as it is.
    """
    order = place(venue, request)
    if not order.is_open or order.order.filled_amount > 0:
        return order
    order = order.model_copy(update={"is_silent": True})
    venue.account.put_order(order)
    return venue.fill_regardless(order, max(1, order.remaining // 2))


def edit(venue: Venue, request: EditOrderRequest) -> VenueOrder:
    """Change a resting order's price and amount and match it.

    Raises `SoftRefusalError` if the order is not open, `valid_until` has passed or the venue does not accept
    the change, and `MalformedRequestError` for a wrong amount or sign of the price; the order then stays as
    it is.
    """
    order = _open_order(venue, request.order_id)
    if request.valid_until is not None and venue.clock > request.valid_until:
        raise SoftRefusalError(Reason.VALID_UNTIL, f"taken up at {venue.clock.isoformat()}, edit dropped")
    price = order.order.price if request.price is None else request.price
    amount = order.order.amount if request.amount is None else request.amount
    if amount != int(amount) or amount <= order.order.filled_amount:
        raise MalformedRequestError(
            f"amount: expected whole and above {order.order.filled_amount}, found {amount}"
        )
    if price * (1 if order.side is Side.SELL else -1) < 0:
        raise MalformedRequestError(f"price: {price} contradicts the side {order.side.value!r}")
    changed = order.changed(venue.clock, price=price, amount=amount)
    refused = _refusal(venue, changed)
    if refused is not None:
        raise SoftRefusalError(*refused)
    return venue.match(changed)


def cancel(venue: Venue, order_id: str, fills_late: bool = False) -> VenueOrder:
    """Cancel a resting order; with `fills_late`, a fault, it fills a second later all the same.

    Raises `SoftRefusalError` if no open order has that id.
    """
    order = _open_order(venue, order_id).changed(venue.clock, state="cancelled")
    if fills_late:
        order = order.model_copy(update={"late_fill_at": venue.clock + LATE_FILL_AFTER})
    venue.account.put_order(order)
    return order


def price_band_eth(venue: Venue, legs: Sequence[NamedSide]) -> tuple[Decimal, Decimal] | None:
    """The lowest and highest price that the venue takes now, None if a leg is not listed.

    The band reaches to each side of the mark by half of the legs' summed marks (at least 0.0100 ETH). It also
    reaches at least 0.0020 ETH beyond natural, so that an exit can always cross.
    """
    touches = venue.touches(legs)
    if touches is None:
        return None
    marks = [leg.ratio * venue.mark_eth(leg.instrument_name) for leg in legs]
    mark = sum((-Side(leg.side).sign * m for leg, m in zip(legs, marks, strict=True)), ZERO)
    width = max(COLLAR_MIN_ETH, COLLAR_PER_MARK * sum(marks, ZERO))
    low, high = mark - width, mark + width
    natural = combo_book(touches).natural_eth
    if natural is not None:
        low = min(low, natural - COLLAR_BEYOND_NATURAL_ETH)
        high = max(high, natural + COLLAR_BEYOND_NATURAL_ETH)
    return _on_tick(low, ROUND_FLOOR), _on_tick(high, ROUND_CEILING)


def parse_legs(legs: Sequence[NamedSide]) -> list[ListedOption]:
    """The legs' instruments. Raises `MalformedRequestError` if a name is invalid or used twice."""
    try:
        instruments = [parse_instrument(leg.instrument_name) for leg in legs]
    except InputError as error:
        raise MalformedRequestError(str(error)) from error
    if len(set(instruments)) < len(instruments):
        raise MalformedRequestError("legs: expected each instrument once")
    return instruments


def _require_sound(request: PlaceComboOrder) -> None:
    instruments = parse_legs(request.legs)
    if request.amount != int(request.amount):
        raise MalformedRequestError(f"amount: expected a multiple of 1 contract, found {request.amount}")
    structure = _structure(request.legs, instruments)
    if structure is not None and structure.value != request.side:
        opens = "pay a credit" if structure is Side.SELL else "cost a debit"
        raise MalformedRequestError(f"side: {request.side!r} contradicts legs that {opens}")


def _structure(legs: Sequence[ComboLeg], instruments: Sequence[ListedOption]) -> Side | None:
    """SELL if the legs always give a credit, BUY if they always cost a debit, None if either is possible.

    Within one expiry and type, the option with more intrinsic value (put: higher strike) is the dearer one.
    """
    if len({instrument.expiration for instrument in instruments}) > 1:
        return None
    sides = set()
    for is_call in (False, True):
        group = [pair for pair in zip(legs, instruments, strict=True) if pair[1].is_call == is_call]
        if not group:
            continue
        if len(group) > 2 or len({leg.ratio for leg, _ in group}) > 1:
            return None
        group.sort(key=lambda pair: pair[1].strike_usd, reverse=not is_call)
        if len(group) == 2 and group[0][0].side == group[1][0].side:
            return None
        sides.add(Side(group[0][0].side))
    return sides.pop() if len(sides) == 1 else None


def _new_order(venue: Venue, request: PlaceComboOrder) -> VenueOrder:
    return VenueOrder(
        order=Order(
            order_id=venue.account.next_id("ETH-O"),
            label=request.label,
            state="open",
            amount=request.amount,
            filled_amount=ZERO,
            average_price=None,
            price=request.price,
            legs=tuple(
                OrderLeg(instrument_name=leg.instrument_name, side=leg.side, ratio=leg.ratio)
                for leg in request.legs
            ),
            created_at=venue.clock,
            updated_at=venue.clock,
        ),
        side=Side(request.side),
        reduce_only=request.reduce_only,
        next_check_at=venue.clock,
        fills_not_before=venue.clock,
    )


def _refusal(venue: Venue, order: VenueOrder) -> tuple[Reason, str] | None:
    """Why the venue will not take the order as it stands, None if it will."""
    price, legs = order.order.price, order.order.legs
    if price % COMBO_TICK_ETH != 0:
        return Reason.WRONG_TICK, f"price {price} is not a multiple of {COMBO_TICK_ETH}"
    band = price_band_eth(venue, legs)
    if band is None:
        return Reason.BOOK_CLOSED, "a leg is not listed or has no quotes"
    if price < band[0]:
        return Reason.PRICE_TOO_LOW, f"price {price} below {band[0]}"
    if price > band[1]:
        return Reason.PRICE_TOO_HIGH, f"price {price} above {band[1]}"
    if order.reduce_only:
        if venue.reducible(order) < order.remaining:
            return Reason.REDUCE_ONLY, f"{order.remaining} combos would open or grow a position"
        return None
    needed = venue.combo_margins_eth(legs, Decimal(order.remaining))[0]
    available = venue.available_eth(besides=order.order.order_id)
    if needed > available:
        return Reason.NOT_ENOUGH_FUNDS, f"margin {needed} ETH of {available} available"
    return None


def _fillable_now(venue: Venue, order: VenueOrder) -> int:
    touches = venue.touches(order.order.legs)
    if touches is None:
        return 0
    return fillable(order.order.price, order.remaining, combo_book(touches))


def _open_order(venue: Venue, order_id: str) -> VenueOrder:
    order = venue.account.orders.get(order_id)
    if order is None:
        raise SoftRefusalError(Reason.ORDER_NOT_FOUND, order_id)
    if not order.is_open:
        raise SoftRefusalError(Reason.NOT_OPEN_ORDER, f"{order_id} is {order.order.state}")
    return order


def _on_tick(price: Decimal, rounding: str) -> Decimal:
    return (price / COMBO_TICK_ETH).to_integral_value(rounding) * COMBO_TICK_ETH
