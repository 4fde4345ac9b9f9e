"""Compares the books with the venue: states of orders, stray orders, sizes of positions, deliveries.

Pure: rows and the venue's answers in, corrections and typed differences out. Amounts are whole contracts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from core.contract import Order, Settlement, Trade, UnreadRow, VenuePosition, iso_utc
from core.orders.books import Books, Delivery, Fill, OrderRow, Position
from core.orders.identity import Permitted, disagreements, fills_disagree
from core.orders.label import OrderLabel
from core.orders.lifecycle import OrderState
from core.orders.sizes import expected_sizes
from core.orders.venue_order import fills_of, no_longer_there, order_row, with_fills
from core.values import Failed, Label, Leg, Side, Value, round_eth

NOTHING: Final[Mapping[str, Decimal]] = MappingProxyType({})


class DifferenceCode(StrEnum):
    """Where books and venue disagree."""

    ORDER_CHANGED = "order_changed"
    ORDER_NEVER_SENT = "order_never_sent"
    ORDER_MISSING = "order_missing"
    NOT_AS_PERMITTED = "not_as_permitted"
    STRAY_ORDER = "stray_order"
    OTHERS_ORDER = "others_order"
    FOREIGN_ORDER = "foreign_order"
    SIZE = "size"
    OTHERS_POSITION = "others_position"
    FOREIGN_POSITION = "foreign_position"
    UNREAD = "unread"
    NOT_DELIVERED = "not_delivered"
    ADOPTED = "adopted"


class Difference(Value):
    """One disagreement. `subject` is a label or an instrument."""

    code: DifferenceCode
    subject: str
    books: str
    venue: str

    def __str__(self) -> str:
        return f"{self.code}:{self.subject}: books {self.books}, venue {self.venue}"


class VenueView(Value):
    """What the venue says at one moment, from the look-ups of a recovery."""

    open_orders: tuple[Order, ...]
    history: tuple[Order, ...]
    trades: tuple[Trade, ...]
    unread: tuple[UnreadRow, ...] = ()
    """Rows of orders and trades that can't be read."""

    def order(self, label: Label) -> Order | None:
        """The order under a label; the newest if the venue lists several."""
        found = [order for order in (*self.open_orders, *self.history) if order.label == label]
        return max(found, key=lambda order: order.updated_at, default=None)

    def is_unread(self, label: Label, legs: Iterable[Leg]) -> bool:
        """Whether a row that can't be read is, or may be, of the order under this label."""
        names = {leg.instrument_name for leg in legs}
        return any(
            row.label == label or (row.label is None and row.instrument_name in names) for row in self.unread
        )


class Correction(Value):
    """What to record about one order; `was_sent` if it was sent and the books do not know that yet."""

    row: OrderRow
    fills: tuple[Fill, ...]
    was_sent: bool = False


class Disputed(Value):
    """An order under a label of ours that was not permitted under it; None if only its fills are listed."""

    order: Order | None
    permitted: Permitted
    differences: tuple[str, ...]


class Reconciliation(Value):
    """`missing` orders are unknown to the venue: in doubt until further look-ups settle it.

    `unread` are labels of ours of which the venue's answer, or our own instruction, can't be used.
    """

    corrections: tuple[Correction, ...]
    missing: tuple[Label, ...]
    disputed: tuple[Disputed, ...]
    unread: tuple[Label, ...]
    differences: tuple[Difference, ...]


def traded_by_others(trades: Iterable[Trade], ours: Collection[Label]) -> dict[str, Decimal]:
    """Signed contracts by instrument that were traded under labels other than `ours`."""
    sizes: defaultdict[str, Decimal] = defaultdict(Decimal)
    for trade in trades:
        if trade.label not in ours:
            sizes[trade.instrument_name] += Side(trade.side).sign * trade.amount
    return dict(sizes)


def size_differences(
    books: Books, positions: Iterable[VenuePosition], others: Mapping[str, Decimal] = NOTHING
) -> tuple[Difference, ...]:
    """Instruments whose size at the venue is not what the live positions and `others` add up to."""
    expected: dict[str, int | Decimal] = {**expected_sizes(books.open_positions)}
    for name, size in others.items():
        expected[name] = expected.get(name, 0) + size
    found = {p.instrument_name: p.size for p in positions}
    names = sorted(set(expected) | set(found))
    return tuple(
        Difference(
            code=DifferenceCode.SIZE,
            subject=name,
            books=str(expected.get(name, 0)),
            venue=str(found.get(name, 0)),
        )
        for name in names
        if expected.get(name, 0) != found.get(name, 0)
    )


def reconcile_orders(books: Books, view: VenueView) -> Reconciliation:
    """Compare the books' orders without a final state with the venue."""
    permitted_by = {each.label: Permitted.of(each, books.edits) for each in books.instructions}
    corrections: list[Correction] = []
    missing: list[Label] = []
    disputed: list[Disputed] = []
    unread: list[Label] = []
    differences: list[Difference] = []
    for row in books.orders:
        permitted = permitted_by.get(row.label)
        if permitted is None:
            unread.append(row.label)
            continue
        found, legs = view.order(row.label), permitted.instruction.legs
        fills = fills_of(view.trades, row.label)
        if isinstance(fills, Failed) or view.is_unread(row.label, legs):
            unread.append(row.label)
            continue
        unlike = () if found is None else disagreements(found, permitted)
        unlike = unlike or fills_disagree(fills, permitted)
        if unlike:
            disputed.append(Disputed(order=found, permitted=permitted, differences=unlike))
            differences.append(told(DifferenceCode.NOT_AS_PERMITTED, row.label, row.state, "; ".join(unlike)))
        elif found is not None:
            after = with_fills(order_row(found, row.label), fills, legs)
            corrections.append(Correction(row=after, fills=fills, was_sent=row.state is OrderState.INTENDED))
            if after.state is not row.state or after.filled_amount != row.filled_amount:
                differences.append(_changed(row, after))
        elif row.state is OrderState.INTENDED and not fills:
            # The send is recorded before it begins, so an intended order was never sent.
            corrections.append(
                Correction(row=_ended(row, OrderState.NOT_PLACED, "crash_before_send"), fills=())
            )
            differences.append(told(DifferenceCode.ORDER_NEVER_SENT, row.label, row.state, "unknown there"))
        elif row.state is OrderState.CANCEL_PENDING or fills:
            was_sent = row.state is OrderState.INTENDED
            ended = no_longer_there(row, fills, legs)
            corrections.append(Correction(row=ended, fills=fills, was_sent=was_sent))
            differences.append(told(DifferenceCode.ORDER_MISSING, row.label, row.state, "unknown there"))
        else:
            missing.append(row.label)
            differences.append(told(DifferenceCode.ORDER_MISSING, row.label, row.state, "unknown there"))
    return Reconciliation(
        corrections=tuple(corrections),
        missing=tuple(missing),
        disputed=tuple(disputed),
        unread=tuple(unread),
        differences=tuple(differences),
    )


def labels_of_our_form(view: VenueView, since: datetime) -> tuple[Label, ...]:
    """The labels of our form of the final orders updated at or after `since`: the books may know them."""
    return tuple(
        Label(order.label)
        for order in view.history
        if OrderLabel.parse(order.label) is not None and order.updated_at >= since
    )


def late_fills(
    view: VenueView, since: datetime, known: Mapping[Label, Permitted]
) -> tuple[tuple[Correction, ...], tuple[Disputed, ...]]:
    """Corrections that offer our final orders with fills, updated at or after `since`, to the books again;
    and those orders that are not what was permitted. `known` are the labels of our books.

    Fills are booked by trade id, so one that is already booked changes nothing.
    """
    corrections, disputed = [], []
    for order in view.history:
        permitted = known.get(Label(order.label))
        if permitted is None or order.updated_at < since:
            continue
        label = Label(order.label)
        fills = fills_of(view.trades, label)
        traded = () if isinstance(fills, Failed) else fills
        unlike = disagreements(order, permitted) or fills_disagree(traded, permitted)
        if unlike:
            disputed.append(Disputed(order=order, permitted=permitted, differences=unlike))
        elif traded:
            corrections.append(Correction(row=order_row(order, label), fills=traded))
    return tuple(corrections), tuple(disputed)


def deliveries_for(
    positions: Iterable[Position], settlements: Iterable[Settlement], now: datetime
) -> tuple[tuple[Delivery, ...], tuple[Difference, ...]]:
    """The settlements of expired legs, shared out to the positions that held them.

    If several positions held one instrument, cash and fee are shared by size to 1e-8 ETH and the last
    takes the rest, so that the sum stays the venue's. If the account held more than ours, our share is
    booked. A leg without a settlement, or with a smaller one, is a difference, and none of its position's
    deliveries are returned yet.
    """
    expired = [p for p in positions if p.plan.expiration <= now and p.contracts > 0]
    if not expired:
        return (), ()
    by_name: defaultdict[str, list[Settlement]] = defaultdict(list)
    for settlement in settlements:
        by_name[settlement.instrument_name].append(settlement)
    holders: defaultdict[str, list[tuple[Position, int]]] = defaultdict(list)
    for position in expired:
        for leg in position.plan.legs:
            holders[leg.instrument_name].append((position, leg.side.sign * leg.ratio * position.contracts))
    deliveries: list[Delivery] = []
    differences: list[Difference] = []
    for name in sorted(holders):
        size = sum(held for _, held in holders[name])
        listed = by_name[name]
        if len(listed) == 1 and _covers(listed[0].size, size):
            deliveries += _shared_out(name, listed[0], holders[name], besides=abs(listed[0].size - size))
        else:
            found = ", ".join(str(settlement.size) for settlement in listed) or "none"
            differences.append(told(DifferenceCode.NOT_DELIVERED, name, str(size), found))
    lacking = {difference.subject for difference in differences}
    late = {p.position_id for p in expired if any(leg.instrument_name in lacking for leg in p.plan.legs)}
    return tuple(d for d in deliveries if d.position_id not in late), tuple(differences)


def _covers(listed: Decimal, size: int) -> bool:
    """Whether a settlement of `listed` contracts has ours in it: the same, or more on the same side."""
    return listed == size or (listed * size > 0 and abs(listed) > abs(size))


def _shared_out(
    name: str, settlement: Settlement, holders: list[tuple[Position, int]], *, besides: Decimal
) -> list[Delivery]:
    """`besides`: contracts of the settlement that were not ours."""
    shares = []
    total = sum(abs(size) for _, size in holders) + besides
    cash_left, fee_left = settlement.cash_flow, settlement.fee
    for i, (position, held) in enumerate(holders):
        is_last = i == len(holders) - 1 and not besides
        part = Decimal(abs(held)) / total
        cash = cash_left if is_last else round_eth(settlement.cash_flow * part)
        fee = fee_left if is_last else round_eth(settlement.fee * part)
        cash_left, fee_left = cash_left - cash, fee_left - fee
        shares.append(
            Delivery(
                key=f"{name}@{iso_utc(settlement.timestamp)}:{position.position_id}",
                position_id=position.position_id,
                instrument_name=name,
                delivery_price_usd=settlement.delivery_price,
                size=held,
                cash_flow_eth=cash,
                fee_eth=fee,
                at=settlement.timestamp,
            )
        )
    return shares


def _ended(row: OrderRow, state: OrderState, reason: str) -> OrderRow:
    return row.model_copy(update={"state": state, "reason": reason})


def _changed(before: OrderRow, after: OrderRow) -> Difference:
    return told(
        DifferenceCode.ORDER_CHANGED,
        before.label,
        f"{before.state} {before.filled_amount}/{before.amount}",
        f"{after.state} {after.filled_amount}/{after.amount}",
    )


def told(code: DifferenceCode, subject: str, books: str, venue: str) -> Difference:
    """The difference, in the order in which it is read."""
    return Difference(code=code, subject=subject, books=books, venue=venue)
