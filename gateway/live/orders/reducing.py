"""Reduce-only, where the venue's own flag is not trusted: an order may only shrink what is held.

Nobody has published what the flag does on a combo, and an exit must not die of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from core.contract import Order, PlaceComboOrder
from gateway.live.orders.combo_signs import executed
from gateway.shell.refusals import SoftRefusalError

VIOLATED: Final = "reduce_only_violated"
ZERO: Final = Decimal(0)


def require_reducing(request: PlaceComboOrder, held: Mapping[str, Decimal], resting: Iterable[Order]) -> None:
    """Raise `SoftRefusalError` if a leg would open or grow a position once all that rests has filled."""
    wanted = executed(request.legs)
    taken = dict.fromkeys(wanted, ZERO)
    for order in resting:
        left = order.amount - order.filled_amount
        for name, size in executed(order.legs).items():
            if size * wanted.get(name, 0) > 0:
                taken[name] += abs(size) * left
    for name, size in wanted.items():
        position = held.get(name, ZERO)
        needed = abs(size) * request.amount
        free = abs(position) - taken[name]
        if position * size >= 0 or needed > free:
            raise SoftRefusalError(
                VIOLATED, f"{name}: {needed} of {position} held, of which orders take {taken[name]}"
            )
