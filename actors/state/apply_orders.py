"""Applies execution's requests about its orders: instructions, sends, states, fills, deliveries."""

from __future__ import annotations

import sqlite3

from actors.state.applied import Applied, Notice
from actors.state.moves import follow_books, move, position_of
from actors.state.refusal import BooksRefusalError
from actors.state.tables import edits, ledger, orders
from core.alerts import AlertCode, Severity
from core.messages.audit import AuditKind
from core.messages.state import (
    RecordDeliveries,
    Recorded,
    RecordEdit,
    RecordInstruction,
    RecordOrder,
    RecordSent,
)
from core.orders.books import (
    CashFlow,
    CashFlowKind,
    Delivery,
    Edit,
    Fill,
    Instruction,
    InstructionKind,
    OrderRow,
)
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import ORDER_FINAL, OrderState, PositionState, check_order_edge
from core.values import PositionId, Side, premium_eth


def record_instruction(db: sqlite3.Connection, request: RecordInstruction) -> Applied:
    """Record an instruction: one row, one label, one send. Its position moves to awaiting_fill or closing."""
    applied = Applied(Recorded(request_id=request.request_id))
    instruction = request.instruction
    known = orders.instruction(db, instruction.label)
    if known is not None:
        if known != instruction:
            raise BooksRefusalError("label_taken", f"expected a new label, found {instruction.label}")
        return applied
    position = position_of(db, PositionId(instruction.proposal_id))
    entry = instruction.kind is InstructionKind.ENTRY
    expected = tuple(leg if entry else leg.reversed() for leg in position.plan.legs)
    if {(leg.instrument_name, leg.side, leg.ratio) for leg in expected} != {
        (leg.instrument_name, leg.side, leg.ratio) for leg in instruction.legs
    }:
        raise BooksRefusalError("legs_differ", f"{instruction.label}: expected the plan's legs, {expected}")
    orders.insert(db, instruction)
    detail = instruction.model_dump(mode="json")
    correlation = instruction.cycle_id or position.cycle_id
    applied.note(AuditKind.INSTRUCTION, instruction.created_at, detail, correlation)
    to = PositionState.AWAITING_FILL if entry else PositionState.CLOSING
    if position.state is not to:
        # From its first exit on, the position holds the rule, so that recovery resumes the exit.
        rule = None if entry else instruction.exit_rule or ExitRule.MANUAL
        at, reason = instruction.created_at, instruction.label
        move(db, applied, position, to, at=at, exit_rule=rule, reason=reason)
    applied.books_changed = True
    return applied


def record_sent(db: sqlite3.Connection, request: RecordSent) -> Applied:
    """Order intended → sent."""
    applied = Applied(Recorded(request_id=request.request_id))
    instruction, order = _order_of(db, request.label)
    if order.state is OrderState.SENT:
        return applied
    check_order_edge(order.state, OrderState.SENT)
    orders.mark_sent(db, request.label, request.at)
    detail = {"label": request.label, "from": order.state, "to": OrderState.SENT}
    applied.note(AuditKind.ORDER, request.at, detail, instruction.cycle_id)
    applied.orders_changed = True
    return applied


def record_edit(db: sqlite3.Connection, request: RecordEdit) -> Applied:
    """Record the price of an edit that is about to be sent."""
    applied = Applied(Recorded(request_id=request.request_id))
    instruction, order = _order_of(db, request.label)
    if order.state in ORDER_FINAL:
        raise BooksRefusalError("order_final", f"{request.label}: expected a live order, found {order.state}")
    number = len(edits.of(db, (request.label,))) + 1
    edit = Edit(label=request.label, number=number, limit_eth=request.limit_eth, at=request.at)
    edits.insert(db, edit)
    applied.note(AuditKind.EDIT, request.at, edit.model_dump(mode="json"), instruction.cycle_id)
    applied.orders_changed = True
    return applied


def record_order(db: sqlite3.Connection, request: RecordOrder) -> Applied:
    """Record what the venue says: move the order, book each new fill once, let the position follow."""
    applied = Applied(Recorded(request_id=request.request_id))
    instruction, before = _order_of(db, request.order.label)
    after = request.order
    check_order_edge(before.state, after.state)
    if after.model_copy(update={"updated_at": before.updated_at}) != before:
        # A look that found nothing new is no change: the row keeps the time of its last one, as the log does.
        orders.update(db, after)
        applied.books_changed = True
        detail = {**after.model_dump(mode="json"), "from": before.state, "to": after.state}
        del detail["state"]
        applied.note(AuditKind.ORDER, after.updated_at, detail, instruction.cycle_id)
    new = [fill for fill in request.fills if _book_fill(db, applied, instruction, fill)]
    if after.state in ORDER_FINAL:
        _check_filled(db, instruction, after)
    position = follow_books(
        db,
        applied,
        PositionId(instruction.proposal_id),
        at=new[-1].at if new else after.updated_at,
        exit_rule=instruction.exit_rule,
        by_reconcile=request.by_reconcile,
    )
    if new:
        applied.books_changed = True
        text = (
            f"{instruction.kind} {instruction.label}: {after.filled_amount} of {after.amount} filled;"
            f" {position.kind} holds {position.contracts}"
        )
        cause = instruction.cycle_id or instruction.label
        applied.notices.append(Notice(Severity.MEDIUM, AlertCode.ORDER_FILLED, text, cause, with_head=True))
    return applied


def record_deliveries(db: sqlite3.Connection, request: RecordDeliveries) -> Applied:
    """Book each settlement at expiry once, and close a position that has nothing left."""
    applied = Applied(Recorded(request_id=request.request_id))
    touched: dict[PositionId, Delivery] = {}
    for delivery in request.deliveries:
        position = position_of(db, delivery.position_id)
        known = ledger.delivery(db, delivery.key)
        if known is not None:
            if known != delivery:
                raise BooksRefusalError("delivery_changed", f"{delivery.key}: expected {known}")
            continue
        ledger.insert_delivery(db, delivery)
        for kind, amount in (
            (CashFlowKind.SETTLEMENT, delivery.cash_flow_eth),
            (CashFlowKind.SETTLEMENT_FEE, -delivery.fee_eth),
        ):
            flow = CashFlow(
                ref=f"delivery:{delivery.key}:{kind}",
                position_id=delivery.position_id,
                kind=kind,
                amount_eth=amount,
                index_usd=delivery.delivery_price_usd,
                at=delivery.at,
            )
            ledger.insert_flow(db, flow)
        detail = delivery.model_dump(mode="json")
        applied.note(AuditKind.SETTLEMENT, delivery.at, detail, position.cycle_id)
        touched[delivery.position_id] = delivery
    for position_id, delivery in touched.items():
        follow_books(db, applied, position_id, at=delivery.at, exit_rule=ExitRule.SETTLEMENT)
        applied.books_changed = True
    return applied


def _order_of(db: sqlite3.Connection, label: str) -> tuple[Instruction, OrderRow]:
    instruction, order = orders.instruction(db, label), orders.order(db, label)
    if instruction is None or order is None:
        raise BooksRefusalError("unknown_label", f"expected a committed instruction, found {label}")
    return instruction, order


def _book_fill(db: sqlite3.Connection, applied: Applied, instruction: Instruction, fill: Fill) -> bool:
    """Book premium and fee of a fill that is new; False if it was booked before."""
    if fill.label != instruction.label:
        raise BooksRefusalError("wrong_label", f"fill {fill.trade_id}: expected label {instruction.label}")
    known = ledger.fill(db, fill.trade_id)
    if known is not None:
        if known != fill:
            raise BooksRefusalError("fill_changed", f"{fill.trade_id}: expected {known}, found {fill}")
        return False
    if (fill.instrument_name, fill.side) not in {(leg.instrument_name, leg.side) for leg in instruction.legs}:
        raise BooksRefusalError(
            "unknown_leg",
            f"fill {fill.trade_id}: expected a leg of {fill.label}, found {fill.side} {fill.instrument_name}",
        )
    ledger.insert_fill(db, fill)
    premium = premium_eth(Side(fill.side), fill.price_eth, fill.amount)
    for kind, amount in ((CashFlowKind.PREMIUM, premium), (CashFlowKind.FEE, -fill.fee_eth)):
        flow = CashFlow(
            ref=f"trade:{fill.trade_id}:{kind}",
            position_id=PositionId(instruction.proposal_id),
            kind=kind,
            amount_eth=amount,
            index_usd=fill.index_usd,
            at=fill.at,
        )
        ledger.insert_flow(db, flow)
    detail = fill.model_dump(mode="json")
    applied.note(AuditKind.FILL, fill.at, detail, instruction.cycle_id)
    return True


def _check_filled(db: sqlite3.Connection, instruction: Instruction, order: OrderRow) -> None:
    """Refuse a final order unless all of its fills are booked: without them its position would be wrong."""
    booked = dict.fromkeys((leg.instrument_name for leg in instruction.legs), 0)
    for fill in ledger.order_fills(db, order.label):
        booked[fill.instrument_name] += fill.amount
    expected = {leg.instrument_name: leg.ratio * order.filled_amount for leg in instruction.legs}
    if booked != expected:
        raise BooksRefusalError("fills_missing", f"{order.label}: expected {expected}, found {booked}")
