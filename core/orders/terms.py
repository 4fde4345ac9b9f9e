"""The terms of an order: one value from its proposal to the last check before it is sent."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from core.values import Leg, Side, Value


class OrderPurpose(StrEnum):
    """What a permit is asked for: a placement or an edit, of an entry or of an exit."""

    ENTRY = "entry"
    EXIT = "exit"
    EDIT_ENTRY = "edit_entry"
    EDIT_EXIT = "edit_exit"

    @property
    def is_entry(self) -> bool:
        """True if it can add risk."""
        return self in (OrderPurpose.ENTRY, OrderPurpose.EDIT_ENTRY)

    @property
    def is_placement(self) -> bool:
        """True if it sends a label, which happens once."""
        return self in (OrderPurpose.ENTRY, OrderPurpose.EXIT)

    @property
    def edit(self) -> OrderPurpose:
        """The purpose of an edit: `EDIT_ENTRY` for an entry, `EDIT_EXIT` for an exit."""
        return OrderPurpose.EDIT_ENTRY if self.is_entry else OrderPurpose.EDIT_EXIT


class OrderTerms(Value):
    """The terms that are permitted, recorded and sent, as executed: an exit's legs are reversed.

    `amount` is in combos. `limit_eth` is net ETH received per combo: positive for a credit, negative for a
    debit.
    """

    purpose: OrderPurpose
    legs: tuple[Leg, ...]
    amount: int
    limit_eth: Decimal
    reduce_only: bool

    @property
    def side(self) -> Side:
        """The venue's side of the whole combo: an entry sells it, an exit buys it back, at whatever price."""
        return Side.SELL if self.purpose.is_entry else Side.BUY

    def edited(self, limit_eth: Decimal) -> OrderTerms:
        """The same order at another limit."""
        return self.model_copy(update={"purpose": self.purpose.edit, "limit_eth": limit_eth})
