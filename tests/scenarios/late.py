"""Watches a venue for orders that are created or made worse, and judges them by the armings of a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random

from core.contract import CHANGING_TOOLS
from gateway.paper.paper_venue import PaperVenue
from gateway.shell.bodies import HttpAnswer
from lab.invariants.effects import Armings, Effect, effects

HOLD_S_MAX = 20.0
PLACE, EDIT = "place_combo_order", "edit_order"


def holds(chance: Random, changing: float, others: float = 0.0) -> Callable[[str], float]:
    """How long a tool's request is held: at these rates for the tools that change an order, and others."""

    def hold_s(tool: str) -> float:
        rate = changing if tool in CHANGING_TOOLS else others
        return chance.uniform(0.0, HOLD_S_MAX) if chance.random() < rate else 0.0

    return hold_s


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
            before = dict(orders)
            answer = answering(now, router, tool, headers, body)
            self.effects += effects(tool, None, orders, before)
            return answer

        vars(venue)["dispatch"] = watched

    def forbidden(self, armings: Armings) -> list[Effect]:
        """What an arming that holds forbids: everything but what closes a risk."""
        return [effect for effect in self.effects if not effect.reduce_only and armings.cover(effect.at)]
