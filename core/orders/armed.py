"""What an armed kill switch lets through: the one answer for the permit, the last check and every display."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from core.messages.arm_cause import BLOCKS_EXITS, ArmCause
from core.orders.terms import OrderTerms
from core.strategy import ExitsWhenArmed


class Leaves(StrEnum):
    """Which orders may leave. Cancels always may: they only take risk away."""

    EVERY_ORDER = "every_order"
    REDUCE_ONLY_EXITS = "reduce_only_exits"
    NO_ORDER = "no_order"

    def lets(self, terms: OrderTerms) -> bool:
        """Whether an order on these terms may leave."""
        if self is Leaves.REDUCE_ONLY_EXITS:
            return terms.reduce_only and not terms.purpose.is_entry
        return self is Leaves.EVERY_ORDER


def what_leaves(causes: Collection[ArmCause], setting: ExitsWhenArmed | None) -> Leaves:
    """Map the causes of an arming and `Strategy.exits_when_armed` to what leaves.

    Without a cause that is every order. A cause in `BLOCKS_EXITS` blocks exits whatever the setting says, and
    so does a setting that nobody chose.
    """
    if not causes:
        return Leaves.EVERY_ORDER
    if BLOCKS_EXITS.isdisjoint(causes) and setting is ExitsWhenArmed.ALLOW_REDUCE_ONLY:
        return Leaves.REDUCE_ONLY_EXITS
    return Leaves.NO_ORDER
