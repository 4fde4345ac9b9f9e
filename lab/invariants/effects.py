"""What an order does at the venue that a person can forbid, and when a person has forbidden it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.contract import Order
from gateway.paper.account import VenueOrder


@dataclass(frozen=True)
class Effect:
    """An order was created or made worse, by the venue's own time of it.

    `valid_until` is that of the request that did it: one that comes later, for the same order, has its own.
    """

    at: datetime
    tool: str
    label: str
    reduce_only: bool
    valid_until: datetime | None


@dataclass
class Armings:
    """When each arming was acknowledged, and when a disarming was told after it."""

    done: list[datetime] = field(default_factory=list)
    over: list[datetime | None] = field(default_factory=list)

    def acknowledged(self, at: datetime) -> None:
        self.done.append(at)
        self.over.append(None)

    def disarming(self, at: datetime) -> None:
        """From here on orders may leave again."""
        self.over = [at if over is None else over for over in self.over]

    def cover(self, at: datetime) -> bool:
        """Whether an arming holds then."""
        return any(
            done < at and (over is None or at < over) for done, over in zip(self.done, self.over, strict=True)
        )

    @property
    def hold(self) -> bool:
        """Whether one holds now."""
        return any(over is None for over in self.over)


def is_worse(order: Order, before: Order) -> bool:
    """For us: a price is what we receive for a combo, negative if we pay."""
    return order.price < before.price or order.amount > before.amount


def effects(
    tool: str,
    valid_until: datetime | None,
    orders: Mapping[str, VenueOrder],
    before: Mapping[str, VenueOrder],
) -> Iterable[Effect]:
    """What one request has created or made worse: the orders after it and before it, by their ids."""
    for order_id, order in orders.items():
        was = before.get(order_id)
        if was is None:
            if order.order.state != "rejected":
                made = order.order.created_at
                yield Effect(made, tool, order.order.label, order.reduce_only, valid_until)
        elif was is not order and is_worse(order.order, was.order):
            changed = order.order.updated_at
            yield Effect(changed, tool, order.order.label, order.reduce_only, valid_until)
