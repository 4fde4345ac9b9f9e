"""The private tools of the desk: positions, orders, trades and settlements.

What an engine asks for at each look is of numbers of our own, so it is not validated here; who reads it from
the wire validates it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from core.contract import (
    Cancelled,
    CurrencyRequest,
    EditOrderRequest,
    EnvironmentInfo,
    EnvironmentName,
    GetMargins,
    GetOrderByLabel,
    GetOrderHistory,
    GetSince,
    Margins,
    MaybeOrder,
    OrderAnswer,
    OrderIdRequest,
    Orders,
    PlaceComboOrder,
    Positions,
    Settlements,
    Trades,
    VenuePosition,
)
from core.values import round_eth
from gateway.paper import orders as desk
from gateway.paper.account import HeldPosition, VenueOrder
from gateway.paper.coin import require_eth
from gateway.paper.venue import MARK_QUANTUM, Venue
from gateway.shell.refusals import MalformedRequestError

FEATURES: Final = ("valid_until", "label_lookup", "order_history")
ACCOUNT_NAME: Final = "paper"
LABEL_LOOKUP: Final = timedelta(minutes=30)
"""A final order is found by its label for this long after its last change; later only the history has it."""


def environment_info(venue: Venue, environment: EnvironmentName) -> EnvironmentInfo:
    return EnvironmentInfo(
        environment=environment, account=ACCOUNT_NAME, server_time=venue.clock, features=FEATURES
    )


def get_positions(venue: Venue, request: CurrencyRequest) -> Positions:
    require_eth(request.currency)
    held = sorted(venue.account.positions.values(), key=lambda position: position.instrument_name)
    return Positions.trusted(positions=tuple([_position(venue, position) for position in held]), unread=())


def place_combo_order(venue: Venue, request: PlaceComboOrder) -> OrderAnswer:
    return OrderAnswer(order=desk.place(venue, request).order)


def edit_order(venue: Venue, request: EditOrderRequest) -> OrderAnswer:
    return OrderAnswer(order=desk.edit(venue, request).order)


def cancel_order(venue: Venue, request: OrderIdRequest) -> OrderAnswer:
    return OrderAnswer(order=desk.cancel(venue, request.order_id).order)


def cancel_all(venue: Venue, request: CurrencyRequest) -> Cancelled:
    require_eth(request.currency)
    resting = venue.account.open_orders()
    for order in resting:
        desk.cancel(venue, order.order.order_id)
    return Cancelled(cancelled=len(resting))


def get_order_by_label(venue: Venue, request: GetOrderByLabel) -> MaybeOrder:
    known = venue.account.order_by_label(request.label)
    if known is None or (not known.is_open and known.order.updated_at < venue.clock - LABEL_LOOKUP):
        return MaybeOrder(order=None)
    return MaybeOrder(order=known.order)


def get_open_orders(venue: Venue, request: CurrencyRequest) -> Orders:
    require_eth(request.currency)
    return _listed(venue.account.open_orders())


def get_order_history(venue: Venue, request: GetOrderHistory) -> Orders:
    return _listed(
        order
        for order in venue.account.orders_changed_since(request.since)
        if not order.is_open and (request.include_unfilled or order.order.filled_amount > 0)
    )


def get_user_trades(venue: Venue, request: GetSince) -> Trades:
    return Trades(trades=tuple(t for t in venue.account.trades.values() if t.timestamp >= request.since))


def get_trades_by_order(venue: Venue, request: OrderIdRequest) -> Trades:
    return Trades.trusted(trades=venue.account.trades_of(request.order_id), unread=())


def get_settlements(venue: Venue, request: GetSince) -> Settlements:
    found = (s for s in venue.account.settlements.values() if s.timestamp >= request.since)
    return Settlements(settlements=tuple(found))


def get_margins(venue: Venue, request: GetMargins) -> Margins:
    desk.parse_legs(request.legs)
    band = desk.price_band_eth(venue, request.legs)
    if band is None:
        raise MalformedRequestError("legs: expected listed instruments")
    initial, maintenance = venue.combo_margins_eth(request.legs, request.amount)
    return Margins(
        initial_margin=initial, maintenance_margin=maintenance, min_price=band[0], max_price=band[1]
    )


def _listed(orders: Iterable[VenueOrder]) -> Orders:
    return Orders.trusted(orders=tuple([order.order for order in orders]), unread=())


def _position(venue: Venue, held: HeldPosition) -> VenuePosition:
    quote = venue.quote(held.instrument_name)
    size, mark = float(held.size), venue.mark_eth(held.instrument_name)
    delta, gamma, theta, vega = (
        (0.0, 0.0, 0.0, 0.0) if quote is None else (quote.delta, quote.gamma, quote.theta, quote.vega)
    )
    return VenuePosition.trusted(
        instrument_name=held.instrument_name,
        size=held.size,
        average_price=held.average_price_eth,
        mark_price=mark.quantize(MARK_QUANTUM),
        floating_pnl=round_eth(held.size * mark - held.cost_eth),
        delta=size * delta,
        gamma=size * gamma,
        theta=size * theta,
        vega=size * vega,
    )
