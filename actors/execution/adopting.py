"""What a recovery does about orders of ours that only the venue knows: it takes them over, before anything is
compared, so that what they have filled is booked as from the venue.

Only the instruction is written here. From then on an order is one of the books' like any other: it is booked,
followed or cancelled by the same code.
"""

from __future__ import annotations

from pydantic import JsonValue

from actors.execution.corrections import apply_orders
from actors.execution.line import Line
from core.alerts import AlertCode
from core.contract import Order
from core.messages.alerting import Severity
from core.messages.audit import AuditEvent, AuditKind
from core.messages.base import Refused
from core.messages.state import Recorded, RecordEdit, RecordInstruction
from core.orders.adoption import Adoption, adoptions, labels_in_question, lost_prices
from core.orders.books import Books, Instruction
from core.orders.reconcile import Difference, DifferenceCode, VenueView, reconcile_orders, told
from core.values import Failed

NOT_IN_THE_BOOKS = "not in the books"


async def adopt_prices(line: Line, books: Books, view: VenueView) -> Failed | None:
    """Record the prices to which our live orders were edited after the backup; or why they can't be."""
    for lost in lost_prices(books, line.own_tags, view):
        recorded = await line.record(
            RecordEdit(
                request_id=f"edit-{lost.label}-adopted-{lost.order.price}",
                label=lost.label,
                limit_eth=lost.order.price,
                at=lost.order.updated_at,
                audit=(_record_of(line, lost.order, "the price of an edit of before the restore"),),
            )
        )
        if isinstance(recorded, Refused):
            return Failed(reasons=recorded.reasons)
    return None


async def adopt_orders(
    line: Line, view: VenueView
) -> tuple[tuple[Difference, ...], tuple[Instruction, ...]] | Failed:
    """Take over what can only be ours, and book it; or why it can't be."""
    differences: list[Difference] = []
    instructions: list[Instruction] = []
    while True:
        books = await line.books()
        known = await line.known_orders(labels_in_question(books, line.own_tags, view))
        found = adoptions(books, line.own_tags, view, frozenset(known))
        if isinstance(found, Failed):
            return found
        if not found:
            return tuple(differences), tuple(instructions)
        for adoption in found:
            recorded = await _take_over(line, adoption)
            if isinstance(recorded, Refused):
                return Failed.of(f"{adoption.instruction.label}: {', '.join(recorded.reasons)}")
            differences.append(_difference(adoption.order))
            instructions.append(adoption.instruction)
        refusal = await apply_orders(line, reconcile_orders(await _only(line, found), view))
        if refusal is not None:
            return refusal


async def _take_over(line: Line, adoption: Adoption) -> Recorded | Refused:
    order, label = adoption.order, adoption.instruction.label
    text = (
        f"{label} was sent by this engine and is not in its books, which were restored or set back: it is"
        f" taken over as the venue has it ({order.order_id}, {order.state}, {order.filled_amount:f} of"
        f" {order.amount:f} filled at {order.average_price or order.price:f} ETH)"
    )
    line.alert(Severity.HIGH, AlertCode.ORDER_ADOPTED, text)
    return await line.record(
        RecordInstruction(
            request_id=f"instruction-{label}-adopted",
            instruction=adoption.instruction,
            audit=(_record_of(line, order, "an order of before the restore"),),
        )
    )


async def _only(line: Line, found: tuple[Adoption, ...]) -> Books:
    """The live books without the orders that were reconciled already."""
    books, labels = await line.books(), {adoption.instruction.label for adoption in found}
    return books.model_copy(
        update={
            "orders": tuple(row for row in books.orders if row.label in labels),
            "instructions": tuple(each for each in books.instructions if each.label in labels),
        }
    )


def _difference(order: Order) -> Difference:
    found = f"{order.state} {order.filled_amount:f}/{order.amount:f}"
    return told(DifferenceCode.ADOPTED, order.label, NOT_IN_THE_BOOKS, found)


def _record_of(line: Line, order: Order, what: str) -> AuditEvent:
    detail: dict[str, JsonValue] = {
        "what": what,
        "order": order.model_dump(mode="json"),
        "tags": line.own_tags.model_dump(mode="json"),
    }
    return AuditEvent(kind=AuditKind.ADOPTED, at=line.ctx.now(), detail=detail, correlation=line.correlation)
