"""The gate: what the kill switch has been told, and every reason against one request for a permit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.contract.registry import REQUIRED_FEATURES
from core.messages.kill_switch import (
    BLOCKS_EXITS,
    ArmCause,
    BooksChanged,
    MarksChanged,
    PermitPurpose,
    RequestPermit,
    VenueChecked,
)
from core.orders.books import Books
from core.orders.limits import GateFacts, GateOrder, check_limits
from core.strategy import ExitsWhenArmed, Strategy
from core.values import Label

_ENTRIES = frozenset({PermitPurpose.ENTRY, PermitPurpose.EDIT_ENTRY})
VENUE_CHECKS_MISSED_MAX = 3
"""After so many probes without news, what the venue said of itself is too old to send an order on."""


def is_entry(purpose: PermitPurpose) -> bool:
    return purpose in _ENTRIES


def exits_blocked(causes: frozenset[ArmCause], strategy: Strategy) -> bool:
    """What an armed switch does to exits: as the strategy says, and blocked where the books may be wrong."""
    return bool(causes & BLOCKS_EXITS) or (strategy.exits_when_armed is not ExitsWhenArmed.ALLOW_REDUCE_ONLY)


@dataclass
class Gate:
    """The facts as last told; None until they were."""

    strategy: Strategy
    strategy_enabled: bool
    books: BooksChanged | None = None
    marks: MarksChanged | None = None
    venue: VenueChecked | None = None
    suspensions: dict[str, str] = field(default_factory=dict)

    def take_marks(self, marks: MarksChanged) -> None:
        """Keep the newer: two rooms tell of the market."""
        if self.marks is None or marks.as_of >= self.marks.as_of:
            self.marks = marks

    def take_venue(self, venue: VenueChecked) -> None:
        if self.venue is None or venue.as_of >= self.venue.as_of:
            self.venue = venue

    def take_books(self, books: BooksChanged) -> None:
        if self.books is None or books.books.seq >= self.books.books.seq:
            self.books = books

    def reasons_against(
        self, request: RequestPermit, now: datetime, *, entries_last_hour: int
    ) -> tuple[str, ...]:
        """All reasons of mode, suspension, features and limits; arming is the switch's own."""
        reasons = []
        if is_entry(request.purpose):
            if not self.strategy_enabled:
                reasons.append("strategy_disabled")
            reasons += [f"suspended:{source}" for source in sorted(self.suspensions)]
        venue = self._venue_now(now)
        if venue is not None:
            missing = REQUIRED_FEATURES - set(venue.features)
            reasons += [f"venue_lacks:{feature}" for feature in sorted(missing)]
        order = GateOrder(
            is_entry=is_entry(request.purpose),
            legs=request.legs,
            contracts=request.amount,
            limit_eth=request.limit_eth,
            reference_eth=request.reference_eth,
            reduce_only=request.reduce_only,
        )
        limits = check_limits(order, self._facts(request, venue, now, entries_last_hour), self.strategy)
        return (*reasons, *limits.reasons)

    def _facts(
        self, request: RequestPermit, venue: VenueChecked | None, now: datetime, entries_last_hour: int
    ) -> GateFacts:
        proposal_id = request.label.rpartition(":")[0]
        books = None if self.books is None else self.books.books
        others = [] if books is None else [p for p in books.open_positions if p.position_id != proposal_id]
        told = 0 if self.books is None else self.books.orders_sent_last_hour
        return GateFacts(
            now=now,
            environment=None if venue is None else venue.environment,
            venue_clock_offset_s=None if venue is None else venue.clock_offset_s,
            spot_usd=None if self.marks is None else self.marks.spot_usd,
            marks_as_of=None if self.marks is None else self.marks.as_of,
            books_as_of=None if books is None else books.as_of,
            open_positions=len(others),
            orders_in_doubt=0 if books is None else _in_doubt_of_others(books, proposal_id),
            entries_sent_last_hour=max(told, entries_last_hour),
            position_contracts=0 if books is None else _closable(books, proposal_id, request.label),
        )

    def _venue_now(self, now: datetime) -> VenueChecked | None:
        """What the venue said of itself, unless that is too old."""
        if self.venue is None:
            return None
        age_max_s = 60.0 * self.strategy.scheduler.health_every_min * VENUE_CHECKS_MISSED_MAX
        return self.venue if (now - self.venue.as_of).total_seconds() <= age_max_s else None


def _in_doubt_of_others(books: Books, proposal_id: str) -> int:
    return sum(order.label.rpartition(":")[0] != proposal_id for order in books.orders_in_doubt)


def _closable(books: Books, proposal_id: str, label: Label) -> int:
    """What an exit may amount to in total: the position now, and what this very order has closed of it."""
    left = sum(p.contracts for p in books.open_positions if p.position_id == proposal_id)
    return left + sum(order.filled_amount for order in books.orders if order.label == label)
