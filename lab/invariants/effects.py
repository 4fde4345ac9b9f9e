"""What an order does at the venue that a person can forbid, and when a person has forbidden it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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


@dataclass(frozen=True)
class _Acknowledged:
    """An arming: how many disarmings had been told when it was asked for, and when it was acknowledged."""

    after: int
    at: datetime


@dataclass
class Armings:
    """When each arming was acknowledged, and when a disarming was told after it was asked for.

    One that was asked for first and acknowledged while the disarming is carried out is over as well: the
    disarming may come after it.
    """

    done: list[_Acknowledged] = field(default_factory=list)
    disarmings: list[datetime | None] = field(default_factory=list)
    """When each was told, in that order; None of one that was refused."""

    def asked(self) -> Callable[[datetime], None]:
        """An arming is asked for. Returns what notes the time of its acknowledgement."""
        after = len(self.disarmings)
        return lambda at: self.done.append(_Acknowledged(after, at))

    def acknowledged(self, at: datetime) -> None:
        """One whose asking no disarming could have come between is acknowledged."""
        self.asked()(at)

    def disarming(self, at: datetime) -> Callable[[], None]:
        """A disarming is told: from here on orders may leave. Returns what notes that it was refused."""
        number = len(self.disarmings)
        self.disarmings.append(at)

        def refused() -> None:
            self.disarmings[number] = None

        return refused

    def cover(self, at: datetime) -> bool:
        """Whether an arming holds then."""
        return any(
            arming.at < at and (over is None or at < over)
            for arming in self.done
            for over in (self._over(arming),)
        )

    @property
    def hold(self) -> bool:
        """Whether one holds now."""
        return any(self._over(arming) is None for arming in self.done)

    def _over(self, arming: _Acknowledged) -> datetime | None:
        """When the first disarming was told after the arming was asked for."""
        return next((told for told in self.disarmings[arming.after :] if told is not None), None)


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
