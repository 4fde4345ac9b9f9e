"""Watches a venue for orders that are created or made worse, and judges them by the armings of a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from core.contract import CHANGING_TOOLS, Order
from gateway.paper.account import VenueOrder
from gateway.paper.process import PaperVenue
from gateway.shell.bodies import HttpAnswer

HOLD_S_MAX = 20.0
PLACE, EDIT = "place_combo_order", "edit_order"


def holds(chance: Random, changing: float, others: float = 0.0) -> Callable[[str], float]:
    """How long a tool's request is held: at these rates for the tools that change an order, and others."""

    def hold_s(tool: str) -> float:
        rate = changing if tool in CHANGING_TOOLS else others
        return chance.uniform(0.0, HOLD_S_MAX) if chance.random() < rate else 0.0

    return hold_s


@dataclass(frozen=True)
class Effect:
    """An order was created or made worse, by the venue's own time of it."""

    at: datetime
    tool: str
    label: str
    reduce_only: bool


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


class Watch:
    """Counts what reaches a venue, in all its lives, and keeps each creation and worsening of an order."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.requests = 0
        """Placements and edits that have arrived."""

    def __call__(self, venue: PaperVenue) -> None:
        """Watch this venue from now on."""
        answering = venue.dispatch
        orders = venue.venue.account.orders

        def watched(
            now: datetime, router: str, tool: str, headers: Mapping[str, str], body: bytes
        ) -> HttpAnswer:
            if tool not in (PLACE, EDIT):
                return answering(now, router, tool, headers, body)
            self.requests += 1
            count = len(orders)
            before = {known.order.order_id: known.order for known in venue.venue.account.open_orders()}
            answer = answering(now, router, tool, headers, body)
            for order in list(orders.values())[count:]:
                if order.order.state != "rejected":
                    self._note(order.order.created_at, tool, order)
            for order_id, order_before in before.items():
                if is_worse(orders[order_id].order, order_before):
                    self._note(orders[order_id].order.updated_at, tool, orders[order_id])
            return answer

        vars(venue)["dispatch"] = watched

    def forbidden(self, armings: Armings) -> list[Effect]:
        """What an arming that holds forbids: everything but what closes a risk."""
        return [effect for effect in self.effects if not effect.reduce_only and armings.cover(effect.at)]

    def _note(self, at: datetime, tool: str, order: VenueOrder) -> None:
        self.effects.append(Effect(at, tool, order.order.label, order.reduce_only))


def is_worse(order: Order, before: Order) -> bool:
    """For us: a price is what we receive for a combo, negative if we pay."""
    return order.price < before.price or order.amount > before.amount
