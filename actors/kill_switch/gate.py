"""The gate: what the kill switch has been told, and every reason against one request for a permit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from core.contract.registry import REQUIRED_FEATURES
from core.market.venue_clock import latest_time
from core.messages.kill_switch import BooksChanged, MarksChanged, RequestPermit
from core.messages.room_status import VenueChecked
from core.orders.books import Books, EntryLatch
from core.orders.label import OrderLabel
from core.orders.limits import GateFacts, check_limits
from core.strategy import Strategy
from core.values import Label, PositionId

VENUE_CHECKS_MISSED_MAX = 3
"""After this many health intervals without a newer one, a `VenueChecked` is too old for a permit."""

FactT = TypeVar("FactT", MarksChanged, VenueChecked)


@dataclass
class Gate:
    """The latest facts; None for what has not been told yet."""

    strategy: Strategy
    strategy_enabled: bool
    is_on: bool = True
    """False in the laboratory alone: every request passes."""
    books: BooksChanged | None = None
    marks: MarksChanged | None = None
    venue: VenueChecked | None = None
    suspensions: dict[str, str] = field(default_factory=dict)
    pauses: dict[str, EntryLatch] = field(default_factory=dict)
    """Latches that are on their way to the books, or that those could not take."""

    def take_marks(self, marks: MarksChanged, now: datetime) -> None:
        """Keep the newer: two rooms tell the marks. What is of a clock that was ahead gives way to any."""
        held = self._of_its_time(self.marks, now)
        if held is None or marks.as_of >= held.as_of:
            self.marks = marks

    def take_venue(self, venue: VenueChecked, now: datetime) -> None:
        held = self._of_its_time(self.venue, now)
        if held is None or venue.as_of >= held.as_of:
            self.venue = venue

    def take_books(self, books: BooksChanged) -> None:
        if self.books is None or books.books.seq >= self.books.books.seq:
            self.books = books

    @property
    def latches(self) -> tuple[EntryLatch, ...]:
        """What blocks entries until a person resumes them, one for each source; the books go first."""
        in_books = () if self.books is None else self.books.books.latched
        latches = {latch.source: latch for latch in (*self.pauses.values(), *in_books)}
        return tuple(latches[source] for source in sorted(latches))

    def reasons_against(
        self, request: RequestPermit, now: datetime, *, entries_last_hour: int
    ) -> tuple[str, ...]:
        """Every reason of mode, suspension, features and limits; those of the latch are not among them."""
        if not self.is_on:
            return ()
        reasons = []
        if request.terms.purpose.is_entry:
            if not self.strategy_enabled:
                reasons.append("strategy_disabled")
            blocking = {*self.suspensions, *(latch.source.value for latch in self.latches)}
            reasons += [f"suspended:{source}" for source in sorted(blocking)]
        venue = self._venue_now(now)
        if venue is not None:
            missing = REQUIRED_FEATURES - set(venue.features)
            reasons += [f"venue_lacks:{feature}" for feature in sorted(missing)]
        facts = self._facts(request.label, venue, now, entries_last_hour)
        limits = check_limits(request.terms, request.reference_eth, facts, self.strategy)
        return (*reasons, *limits.reasons)

    def _facts(
        self, label: Label, venue: VenueChecked | None, now: datetime, entries_last_hour: int
    ) -> GateFacts:
        position_id = _position_of(label)
        books = None if self.books is None else self.books.books
        others = [] if books is None else [p for p in books.open_positions if p.position_id != position_id]
        told = 0 if self.books is None else self.books.entry_requests_last_hour
        marks = self._of_its_time(self.marks, now)
        return GateFacts(
            now=now,
            environment=None if venue is None else venue.environment,
            venue_clock_offset_s=None if venue is None else venue.clock_offset_s,
            venue_clock_offset_max_s=None if venue is None else venue.clock_offset_max_s,
            spot_usd=None if marks is None else marks.spot_usd,
            marks_as_of=None if marks is None else marks.as_of,
            books_as_of=None if books is None else books.as_of,
            open_positions=len(others),
            orders_in_doubt=0 if books is None else _in_doubt_of_others(books, position_id),
            entry_requests_last_hour=max(told, entries_last_hour),
            position_contracts=0 if books is None else _closable(books, position_id, label),
        )

    def _venue_now(self, now: datetime) -> VenueChecked | None:
        """The venue's last `VenueChecked`, or None if that is too old, or of another clock."""
        venue = self._of_its_time(self.venue, now)
        if venue is None:
            return None
        age_max_s = 60.0 * self.strategy.scheduler.health_every_min * VENUE_CHECKS_MISSED_MAX
        return venue if (now - venue.as_of).total_seconds() <= age_max_s else None

    def _of_its_time(self, fact: FactT | None, now: datetime) -> FactT | None:
        """The fact, or None if it is dated later than now: the clock was set back since, so that its age is
        not known, and what it says of the clock is of another one."""
        if fact is None or fact.as_of > latest_time(now, self.strategy.anomalies):
            return None
        return fact


def _position_of(label: Label) -> PositionId | None:
    """The position that a label belongs to; None if it is not one of our labels."""
    parsed = OrderLabel.parse(label)
    return None if parsed is None else parsed.position_id


def _in_doubt_of_others(books: Books, position_id: PositionId | None) -> int:
    return sum(_position_of(order.label) != position_id for order in books.orders_in_doubt)


def _closable(books: Books, position_id: PositionId | None, label: Label) -> int:
    """Contracts that an exit order may have in total: the position now, plus those that it has closed."""
    left = sum(p.contracts for p in books.open_positions if p.position_id == position_id)
    return left + sum(order.filled_amount for order in books.orders if order.label == label)
