"""Orders of ours that the venue has and the books do not: sent after the backup from which the books were
restored, or before the machine was set back.

An order is taken over only if nothing else can have sent it: its label is of our form, bears a tag of ours
and names a live position of the books, and its legs, amount and fills are what that position allows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from core.contract import Order
from core.orders.books import Books, Instruction, InstructionKind, Position
from core.orders.exit_rule import ExitRule
from core.orders.identity import Permitted, disagreements, same_legs
from core.orders.label import OrderLabel
from core.orders.lifecycle import PositionState
from core.orders.reconcile import VenueView
from core.orders.sizes import combos_filled
from core.orders.venue_order import fills_of
from core.values import Failed, Label, Leg, PositionId, Value


class OwnTags(Value):
    """The tags under which this folder's engine has sent orders.

    `restored_at`: when the present tag was drawn, if that was because a backup had been restored. What bears
    an older tag and was created before is then our own; without a restore, another engine on a copy of this
    folder may have sent it and may still be at work on it.
    """

    present: str
    former: tuple[str, ...] = ()
    restored_at: datetime | None = None

    def sent_before_the_restore(self, order: Order) -> bool:
        """Whether nobody but this engine can have sent this order of ours, before its books were restored."""
        return self.restored_at is not None and order.created_at < self.restored_at


def entries_before_the_restore(tags: OwnTags, orders: Iterable[Order]) -> frozenset[Label]:
    """The labels of the entries that this engine sent after the backup and before its restore.

    If the books know nothing of their proposals, their fills would be positions that nobody closes.
    """
    found = []
    for order in orders:
        parsed = OrderLabel.parse(order.label)
        if parsed is not None and parsed.kind is InstructionKind.ENTRY and parsed.tag in tags.former:
            found += [parsed.text] if tags.sent_before_the_restore(order) else []
    return frozenset(found)


class Adoption(Value):
    """An order to be taken over, and the instruction by which it must have been sent."""

    instruction: Instruction
    order: Order


class LostPrice(Value):
    """An order of the books under this label whose price at the venue the books do not know."""

    label: Label
    order: Order


def labels_in_question(books: Books, tags: OwnTags, view: VenueView) -> tuple[Label, ...]:
    """The labels at the venue that could be taken over if the books do not know them."""
    live = {position.position_id for position in books.open_positions}
    found = []
    for order in (*view.open_orders, *view.history):
        parsed = OrderLabel.parse(order.label)
        if parsed is not None and parsed.position_id in live and parsed.tag in (tags.present, *tags.former):
            found.append(Label(order.label))
    return tuple(dict.fromkeys(found))


def adoptions(
    books: Books, tags: OwnTags, view: VenueView, known: Collection[Label]
) -> tuple[Adoption, ...] | Failed:
    """The orders to be taken over now; Failed if one is there whose trades are not listed in full yet.

    `known` are the labels of the books. Entries come first: an exit of a position whose entry is taken over
    follows once that is booked.
    """
    positions = {position.position_id: position for position in books.open_positions}
    listed = Counter(order.label for order in (*view.open_orders, *view.history))
    left = {position.position_id: position.contracts for position in books.open_positions}
    found: list[Adoption] = []
    unread: list[str] = []
    for order in sorted((*view.history, *view.open_orders), key=lambda order: order.created_at):
        parsed = OrderLabel.parse(order.label)
        position = None if parsed is None else positions.get(parsed.position_id)
        if parsed is None or position is None or order.label in known or listed[order.label] > 1:
            continue
        if not _is_ours(order, parsed, tags) or not _fits(order, parsed, position):
            continue
        label, legs = parsed.text, _legs(position, parsed.kind)
        fills = fills_of(view.trades, label)
        booked = fills if isinstance(fills, Failed) else combos_filled(fills, legs)
        if isinstance(booked, Failed) or booked < order.filled_amount or view.is_unread(label, legs):
            unread.append(f"{label}: {order.filled_amount:f} filled, and its trades can't be read")
            continue
        if parsed.kind is InstructionKind.EXIT:
            left[position.position_id] -= booked
            if left[position.position_id] < 0:
                continue
        found.append(Adoption(instruction=_instruction(order, parsed, position), order=order))
    if unread:
        return Failed.of(*unread)
    # What another engine on a copy of this folder has begun to close, it goes on closing: two would.
    begun = {
        each.instruction.proposal_id
        for each in found
        if left[PositionId(each.instruction.proposal_id)] and not tags.sent_before_the_restore(each.order)
    }
    return tuple(each for each in found if each.instruction.proposal_id not in begun)


def lost_prices(books: Books, tags: OwnTags, view: VenueView) -> tuple[LostPrice, ...]:
    """The prices of orders of the books that were edited after the backup: what else could have done it has
    changed more than the price, or bears no tag of ours."""
    found = []
    live = {row.label for row in books.orders}
    for instruction in books.instructions:
        parsed, order = OrderLabel.parse(instruction.label), view.order(instruction.label)
        if parsed is None or order is None or instruction.label not in live:
            continue
        permitted = Permitted.of(instruction, books.edits)
        if parsed.tag not in tags.former or not tags.sent_before_the_restore(order):
            continue
        is_only_price = not disagreements(order, permitted.with_edit(order.price))
        if is_only_price and disagreements(order, permitted) and _is_a_step(order, instruction, books):
            found.append(LostPrice(label=instruction.label, order=order))
    return tuple(found)


def _is_a_step(order: Order, instruction: Instruction, books: Books) -> bool:
    """An entry is never edited to a price below its floor."""
    if instruction.kind is InstructionKind.EXIT:
        return True
    floors: Mapping[str, Position] = {position.position_id: position for position in books.open_positions}
    position = floors.get(instruction.proposal_id)
    return position is not None and order.price >= position.plan.floor_eth


def _is_ours(order: Order, label: OrderLabel, tags: OwnTags) -> bool:
    """Whether nobody else can have sent it.

    An exit that has ended tells what became of a position of ours, whoever of the copies of this folder sent
    it. Whatever still works, and an entry, could be at work for another engine on a copy.
    """
    if label.kind is InstructionKind.EXIT and order.state != "open":
        return label.tag in (tags.present, *tags.former) and order.filled_amount > 0
    is_worth_it = order.state == "open" or order.filled_amount > 0
    return label.tag in tags.former and tags.sent_before_the_restore(order) and is_worth_it


def _fits(order: Order, label: OrderLabel, position: Position) -> bool:
    """Whether legs and amounts are what the position allows an order of this kind."""
    if not same_legs(order, _legs(position, label.kind)):
        return False
    if order.amount != order.amount.to_integral_value():
        return False
    if order.filled_amount != order.filled_amount.to_integral_value():
        return False
    if label.kind is InstructionKind.EXIT:
        takes = (PositionState.OPEN, PositionState.CLOSING)
        return position.state in takes and 0 < order.amount <= position.contracts_opened
    takes = (PositionState.PROPOSED, PositionState.AWAITING_FILL)
    plan = position.plan
    return position.state in takes and order.amount == plan.contracts and order.price >= plan.floor_eth


def _legs(position: Position, kind: InstructionKind) -> tuple[Leg, ...]:
    legs: Iterable[Leg] = position.plan.legs
    return tuple(leg if kind is InstructionKind.ENTRY else leg.reversed() for leg in legs)


def _instruction(order: Order, label: OrderLabel, position: Position) -> Instruction:
    is_exit = label.kind is InstructionKind.EXIT
    return Instruction(
        label=label.text,
        proposal_id=label.proposal_id,
        cycle_id=None if is_exit else position.cycle_id,
        kind=label.kind,
        attempt=label.attempt,
        legs=_legs(position, label.kind),
        amount=int(order.amount),
        limit_eth=order.price,
        reduce_only=is_exit,
        valid_until=order.created_at,
        created_at=order.created_at,
        exit_rule=(position.exit_rule or ExitRule.ADOPTED) if is_exit else None,
    )
