"""Books against the venue: what each order has become, what is where it should not be, what was delivered.

Pure: rows and the venue's answers in, corrections and typed differences out. Amounts are whole contracts.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from core.contract import Order, Position, Settlement, Trade, iso_utc
from core.errors import McpDataAnomalyError
from core.orders.books import Books, Delivery, Fill, Instruction, OrderRow
from core.orders.books import Position as BookPosition
from core.orders.lifecycle import OrderState
from core.values import Label, Leg, OrderId, Value, round_eth

_OUR_LABEL = re.compile(r"[^:]+:[ex]\d+")
_STATES: dict[str, OrderState] = {
    "open": OrderState.WORKING,
    "filled": OrderState.FILLED,
    "cancelled": OrderState.CANCELLED,
    "rejected": OrderState.REJECTED,
}


class DifferenceCode(StrEnum):
    """Where books and venue disagree."""

    ORDER_CHANGED = "order_changed"
    ORDER_NEVER_SENT = "order_never_sent"
    ORDER_MISSING = "order_missing"
    STRAY_ORDER = "stray_order"
    FOREIGN_ORDER = "foreign_order"
    SIZE = "size"
    NOT_DELIVERED = "not_delivered"


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
    positions: tuple[Position, ...]

    def order(self, label: Label) -> Order | None:
        """The order under a label; the newest where the venue lists several."""
        found = [order for order in (*self.open_orders, *self.history) if order.label == label]
        return max(found, key=lambda order: order.updated_at, default=None)


class Correction(Value):
    """What is to be recorded of one order; `was_sent` where the books do not know yet that it was."""

    row: OrderRow
    fills: tuple[Fill, ...]
    was_sent: bool = False


class Reconciliation(Value):
    """`missing` are orders that the venue does not know: in doubt until looked for again, three times.

    `stray` are open orders under our labels that the books hold as final or not at all: to be cancelled.
    """

    corrections: tuple[Correction, ...]
    missing: tuple[Label, ...]
    stray: tuple[Order, ...]
    differences: tuple[Difference, ...]


def whole_contracts(amount: Decimal, what: str) -> int:
    """The amount as a number of contracts; `McpDataAnomalyError` where it is not whole."""
    if amount != amount.to_integral_value():
        raise McpDataAnomalyError(f"{what}: expected whole contracts, found {amount}")
    return int(amount)


def order_row(order: Order, label: Label) -> OrderRow:
    """The venue's order as a row of the books."""
    return OrderRow(
        label=label,
        state=_STATES[order.state],
        order_id=OrderId(order.order_id),
        amount=whole_contracts(order.amount, f"{label}: amount"),
        filled_amount=whole_contracts(order.filled_amount, f"{label}: filled_amount"),
        limit_eth=order.price,
        average_price_eth=order.average_price,
        reason=order.reject_reason,
        updated_at=order.updated_at,
    )


def fills_of(trades: Iterable[Trade], label: Label) -> tuple[Fill, ...]:
    """The trades under a label as fills, in the venue's order, each once."""
    found: dict[str, Fill] = {}
    for trade in trades:
        if trade.label == label:
            found[trade.trade_id] = Fill(
                trade_id=trade.trade_id,
                label=label,
                instrument_name=trade.instrument_name,
                side=trade.side,
                amount=whole_contracts(trade.amount, f"trade {trade.trade_id}: amount"),
                price_eth=trade.price,
                fee_eth=trade.fee,
                index_usd=trade.index_price,
                at=trade.timestamp,
            )
    return tuple(found.values())


def combos_filled(fills: Iterable[Fill], legs: Iterable[Leg]) -> int | None:
    """How many whole combos the fills make; None where the legs do not agree, so that some are missing."""
    amounts: Counter[str] = Counter()
    for fill in fills:
        amounts[fill.instrument_name] += fill.amount
    ratios = {leg.instrument_name: leg.ratio for leg in legs}
    if set(amounts) - set(ratios):
        return None
    combos = {Decimal(amounts[name]) / ratio for name, ratio in ratios.items()}
    if len(combos) != 1:
        return None
    (count,) = combos
    return int(count) if count == int(count) else None


def expected_sizes(positions: Iterable[BookPosition]) -> dict[str, int]:
    """Signed contracts by instrument that the venue must hold for these positions; zeros left out."""
    sizes: Counter[str] = Counter()
    for position in positions:
        for leg in position.plan.legs:
            sizes[leg.instrument_name] += leg.side.sign * leg.ratio * position.contracts
    return {name: size for name, size in sizes.items() if size}


def size_differences(books: Books, positions: Iterable[Position]) -> tuple[Difference, ...]:
    """Instruments whose size at the venue is not what the live positions add up to."""
    expected = expected_sizes(books.open_positions)
    found = {p.instrument_name: whole_contracts(p.size, p.instrument_name) for p in positions}
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
    """Every order without a final state against the venue, and every order of the venue against the books."""
    instructions = {instruction.label: instruction for instruction in books.instructions}
    corrections: list[Correction] = []
    missing: list[Label] = []
    differences: list[Difference] = []
    for row in books.orders:
        found = view.order(row.label)
        fills = fills_of(view.trades, row.label)
        if found is not None:
            after = _with_fills(order_row(found, row.label), fills, instructions.get(row.label))
            corrections.append(Correction(row=after, fills=fills, was_sent=row.state is OrderState.INTENDED))
            if after.state is not row.state or after.filled_amount != row.filled_amount:
                differences.append(_changed(row, after))
        elif row.state is OrderState.INTENDED and not fills:
            # The send is recorded before it begins, so an intended order was never sent.
            corrections.append(
                Correction(row=_ended(row, OrderState.NOT_PLACED, "crash_before_send"), fills=())
            )
            differences.append(_told(DifferenceCode.ORDER_NEVER_SENT, row.label, row.state, "unknown there"))
        elif row.state is OrderState.CANCEL_PENDING or fills:
            corrections.append(_gone(row, fills, instructions.get(row.label)))
            differences.append(_told(DifferenceCode.ORDER_MISSING, row.label, row.state, "unknown there"))
        else:
            missing.append(row.label)
            differences.append(_told(DifferenceCode.ORDER_MISSING, row.label, row.state, "unknown there"))
    live = {row.label for row in books.orders}
    stray = []
    for order in view.open_orders:
        if order.label in live:
            continue
        ours = _OUR_LABEL.fullmatch(order.label) is not None
        code = DifferenceCode.STRAY_ORDER if ours else DifferenceCode.FOREIGN_ORDER
        differences.append(_told(code, order.label or order.order_id, "no live order", "open"))
        if ours:
            stray.append(order)
    return Reconciliation(
        corrections=tuple(corrections),
        missing=tuple(missing),
        stray=tuple(stray),
        differences=tuple(differences),
    )


def late_fills(view: VenueView, since: datetime) -> tuple[Correction, ...]:
    """Every order of ours with fills that the venue lists, to be offered to the books once more.

    Booking is by trade id, so what is already booked changes nothing.
    """
    corrections = []
    for order in view.history:
        if _OUR_LABEL.fullmatch(order.label) is None or order.updated_at < since:
            continue
        label = Label(order.label)
        fills = fills_of(view.trades, label)
        if fills:
            corrections.append(Correction(row=order_row(order, label), fills=fills))
    return tuple(corrections)


def deliveries_for(
    positions: Iterable[BookPosition], settlements: Iterable[Settlement], now: datetime
) -> tuple[tuple[Delivery, ...], tuple[Difference, ...]]:
    """The settlements of expired legs, shared out to the positions that held them.

    Where several positions held one instrument, cash and fee are shared by size to 1e-8 ETH and the last
    takes the rest, so that the sum stays the venue's. A leg without its settlement, or with another size, is
    a difference, and its position gets none of its deliveries yet.
    """
    expired = [p for p in positions if p.plan.expiration <= now and p.contracts > 0]
    by_name: defaultdict[str, list[Settlement]] = defaultdict(list)
    for settlement in settlements:
        by_name[settlement.instrument_name].append(settlement)
    holders: defaultdict[str, list[tuple[BookPosition, int]]] = defaultdict(list)
    for position in expired:
        for leg in position.plan.legs:
            holders[leg.instrument_name].append((position, leg.side.sign * leg.ratio * position.contracts))
    deliveries: list[Delivery] = []
    differences: list[Difference] = []
    for name in sorted(holders):
        size = sum(held for _, held in holders[name])
        listed = by_name[name]
        if len(listed) == 1 and listed[0].size == size:
            deliveries += _shared_out(name, listed[0], holders[name])
        else:
            found = ", ".join(str(settlement.size) for settlement in listed) or "none"
            differences.append(_told(DifferenceCode.NOT_DELIVERED, name, str(size), found))
    lacking = {difference.subject for difference in differences}
    late = {p.position_id for p in expired if any(leg.instrument_name in lacking for leg in p.plan.legs)}
    return tuple(d for d in deliveries if d.position_id not in late), tuple(differences)


def _shared_out(name: str, settlement: Settlement, holders: list[tuple[BookPosition, int]]) -> list[Delivery]:
    shares = []
    total = sum(abs(size) for _, size in holders)
    cash_left, fee_left = settlement.cash_flow, settlement.fee
    for i, (position, held) in enumerate(holders):
        is_last = i == len(holders) - 1
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


def _with_fills(row: OrderRow, fills: tuple[Fill, ...], instruction: Instruction | None) -> OrderRow:
    """The trades were read after the order and may know of more."""
    combos = None if instruction is None else combos_filled(fills, instruction.legs)
    if combos is None or combos <= row.filled_amount:
        return row
    state = OrderState.FILLED if combos >= row.amount else row.state
    return row.model_copy(update={"filled_amount": combos, "state": state})


def _gone(row: OrderRow, fills: tuple[Fill, ...], instruction: Instruction | None) -> Correction:
    """An order that the venue lists no more: what its trades say is all that became of it."""
    combos = combos_filled(fills, instruction.legs) if instruction is not None else None
    filled = row.filled_amount if combos is None else combos
    state = OrderState.FILLED if filled >= row.amount else OrderState.CANCELLED
    ended = _ended(row, state, "no longer at the venue").model_copy(update={"filled_amount": filled})
    return Correction(row=ended, fills=fills, was_sent=row.state is OrderState.INTENDED)


def _changed(before: OrderRow, after: OrderRow) -> Difference:
    return _told(
        DifferenceCode.ORDER_CHANGED,
        before.label,
        f"{before.state} {before.filled_amount}/{before.amount}",
        f"{after.state} {after.filled_amount}/{after.amount}",
    )


def _told(code: DifferenceCode, subject: str, books: str, venue: str) -> Difference:
    return Difference(code=code, subject=subject, books=books, venue=venue)
