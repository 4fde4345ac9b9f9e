"""What one position holds and in which state it is, counted from its orders, fills and deliveries alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from core.audit.fold.forms import ContradictionError

FINAL_ORDERS = frozenset({"filled", "cancelled", "rejected", "not_placed"})
"""The states in which an order can't fill any more."""


@dataclass
class CountedPosition:
    """One position. `legs` are its instruments with the contracts of each in one combo."""

    legs: dict[str, int]
    state: str = "proposed"
    """As its last record says."""
    entered: Counter[str] = field(default_factory=Counter)
    """Contracts that entry orders filled, by instrument."""
    ended: Counter[str] = field(default_factory=Counter)
    """Contracts that exit orders filled or that were delivered, by instrument."""
    first_entry_at: str | None = None
    """The time of the earliest entry fill so far."""
    entry_orders: int = 0
    live: dict[str, str] = field(default_factory=dict)
    """The kind (entry or exit) of each order that may still fill, by label."""
    cash_eth: Decimal = Decimal(0)

    def opened(self) -> int:
        """Whole combos that were entered. Raises ContradictionError if the legs do not make the same."""
        combos = {divmod(self.entered[name], ratio) for name, ratio in self.legs.items()}
        whole, rest = min(combos)
        if len(combos) > 1 or rest or set(self.entered) - set(self.legs):
            raise ContradictionError(f"expected fills that make whole combos, found {dict(self.entered)}")
        return whole

    def left(self) -> int:
        """Combos that still carry risk: those of the leg with the most contracts left."""
        rest = {name: self.entered[name] - self.ended[name] for name in {*self.legs, *self.ended}}
        if any(contracts < 0 for contracts in rest.values()):
            raise ContradictionError(f"expected no more to be closed than was opened, found {rest} left")
        return max(-(-rest[name] // ratio) for name, ratio in self.legs.items())

    def counted_state(self) -> str:
        """The state that follows from orders, fills and deliveries. Raises ContradictionError."""
        if not self.entry_orders:
            # Nothing was ever instructed: whether the proposal was given up is for its record to say.
            return self.state if self.state == "cancelled" else "proposed"
        entry_lives = "entry" in self.live.values()
        if self.opened() == 0:
            return "awaiting_fill" if entry_lives else "cancelled"
        if self.left() == 0 and not entry_lives:
            return "closed"
        return "closing" if "exit" in self.live.values() else "open"

    def has_ended(self) -> bool:
        """Whether nothing of it is open, and no order of it can fill any more."""
        return self.state in ("closed", "cancelled") and not self.live

    def check_step(self, before: str | None, after: str) -> None:
        """Check a record that says that the position went from `before` to `after`."""
        if before != self.state:
            raise ContradictionError(f"from: expected {self.state}, found {before}")
        gives_up = after == "cancelled" and not self.entry_orders
        counted = "cancelled" if gives_up else self.counted_state()
        # A position is opened by its first fill even if it has ended by the same answer.
        if after != counted and (after, counted) != ("open", "closed"):
            raise ContradictionError(f"to: expected {counted} by its orders and fills, found {after}")
