"""Whether an order at the venue is the one permitted under its label: the label alone is no proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from core.orders.books import Edit, Fill, Instruction, InstructionKind
from core.orders.sizes import combos_filled
from core.values import Leg, Side, Value

if TYPE_CHECKING:
    from core.contract import Order

LEGS: Final = "legs"


class Permitted(Value):
    """Everything that was permitted under one label: the terms of its instruction, and the prices of its
    edits, each recorded before it was sent. Prices are net ETH received per combo."""

    instruction: Instruction
    edited_eth: tuple[Decimal, ...] = ()

    @classmethod
    def of(cls, instruction: Instruction, edits: Iterable[Edit]) -> Permitted:
        """What the books hold of it; edits of other orders are left out."""
        own = tuple(edit.limit_eth for edit in edits if edit.label == instruction.label)
        return cls(instruction=instruction, edited_eth=own)

    def with_edit(self, limit_eth: Decimal) -> Permitted:
        """The same with one more price."""
        return self.model_copy(update={"edited_eth": (*self.edited_eth, limit_eth)})


def disagreements(order: Order, permitted: Permitted) -> tuple[str, ...]:
    """What of the order was not permitted under its label, each with both sides; empty if it is ours.

    Compared are the net size of each leg per combo, the amount, and the price. An exit's amount may be
    smaller: a venue cuts a reduce-only order to what is left of the position.
    """
    instruction = permitted.instruction
    found = []
    wanted, listed = _wanted(instruction.legs), _listed(order)
    if listed != wanted:
        found.append(f"{LEGS}: permitted {_told(wanted)}, found {_told(listed)}")
    least = 0 if instruction.kind is InstructionKind.EXIT else instruction.amount
    if not least <= order.amount <= instruction.amount or not _is_whole(order.amount):
        found.append(f"amount: permitted {instruction.amount}, found {order.amount}")
    if not 0 <= order.filled_amount <= order.amount or not _is_whole(order.filled_amount):
        found.append(f"filled_amount: expected whole and at most {order.amount}, found {order.filled_amount}")
    prices = dict.fromkeys((instruction.limit_eth, *permitted.edited_eth))
    if order.price not in prices:
        found.append(f"price: permitted {' or '.join(map(str, prices))}, found {order.price}")
    return tuple(found)


def fills_disagree(fills: Sequence[Fill], permitted: Permitted) -> tuple[str, ...]:
    """As `disagreements`, of the fills of an order that the venue does not list any more."""
    instruction = permitted.instruction
    wanted = {(leg.instrument_name, leg.side.value) for leg in instruction.legs}
    listed = {(fill.instrument_name, fill.side) for fill in fills}
    found = []
    if listed - wanted:
        told = ", ".join(f"{side} {name}" for name, side in sorted(listed - wanted))
        found.append(f"{LEGS}: not permitted: {told}")
    combos = combos_filled(fills, instruction.legs)
    if isinstance(combos, int) and combos > instruction.amount:
        found.append(f"filled_amount: permitted {instruction.amount}, found {combos}")
    return tuple(found)


def as_booked(order: Order, permitted: Permitted) -> Order | None:
    """A final order that differs from what was permitted, as far as the books can take it: with the permitted
    amount. None if what it filled was not permitted: other legs, or more combos.

    What such an order has filled within its permitted legs and amount is a position of ours all the same.
    """
    instruction = permitted.instruction
    amount = Decimal(instruction.amount)
    same_legs = not any(text.startswith(LEGS) for text in disagreements(order, permitted))
    if not same_legs or not 0 <= order.filled_amount <= amount or not _is_whole(order.filled_amount):
        return None
    return order.model_copy(update={"amount": amount})


def same_legs(order: Order, legs: Iterable[Leg]) -> bool:
    """Whether the order trades these legs, as executed, and nothing else."""
    return _listed(order) == _wanted(legs)


def _wanted(legs: Iterable[Leg]) -> dict[str, int]:
    return _net((leg.instrument_name, leg.side.sign * leg.ratio) for leg in legs)


def _listed(order: Order) -> dict[str, int]:
    return _net((leg.instrument_name, Side(leg.side).sign * leg.ratio) for leg in order.legs)


def _net(legs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Signed contracts per combo of each instrument; zeros left out."""
    sizes: Counter[str] = Counter()
    for name, size in legs:
        sizes[name] += size
    return {name: size for name, size in sizes.items() if size}


def _told(net: dict[str, int]) -> str:
    return " ".join(f"{size:+d} {name}" for name, size in sorted(net.items())) or "none"


def _is_whole(amount: Decimal) -> bool:
    return amount == amount.to_integral_value()
