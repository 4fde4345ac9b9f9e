"""The core road of a backtest with every look made, and what each look has found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from core.checks import RuleResult
from core.orders.books import CycleOutcome, EntryLatch, Job
from core.rules.entry.protections import breaches
from core.rules.exit.margin import margin_use
from core.strategy import Strategy
from gateway.paper.assumptions import Assumptions
from gateway.paper.recorded import RecordedMarket
from gateway.paper.source import MarketSource
from lab.backtest.road import CoreRoad

DAYS = 115
"""The days of the record that a backtest of it trades."""


def recorded_market(chains: Path) -> RecordedMarket:
    """The recorded chains as the venue replays them."""
    assumed = Assumptions()
    touch_size = float(assumed.touch_size)
    return RecordedMarket(chains, "move", touch_size, funding_annual=assumed.funding_annual)


@dataclass(frozen=True)
class Breach:
    """One latch: when it was set, and by what."""

    at: datetime
    codes: tuple[str, ...]
    figures: tuple[float, ...]


class SeenRoad(CoreRoad):
    """`largest` is the highest value that each check of the protections has had, and of the margin."""

    def __init__(
        self, source: MarketSource, strategy: Strategy, *, resume_after: timedelta | None = None
    ) -> None:
        super().__init__(source, strategy, resume_after=resume_after)
        self.largest: dict[str, float] = {}
        self.breaches: list[Breach] = []
        self._take = self.protection.take
        self.protection.take = self._note  # type: ignore[method-assign]

    def days(self, days: float) -> None:
        """Run so many days from the market's start."""
        self.run(self.begin + timedelta(days=days))

    @property
    def entries(self) -> Counter[str]:
        """How the entries ended: by their outcome, or by the rule that refused them."""
        rows = (row for row in self.books.cycles if row.job is Job.ENTRY)
        return Counter(
            row.reasons[0] if row.outcome is CycleOutcome.NO_ENTRY else str(row.outcome) for row in rows
        )

    def _may_change(self, now: datetime) -> bool:
        """No look is left out."""
        self._see("margin", margin_use(self.reader.held_account()) or 0.0)
        return super()._may_change(now) or True

    def _note(self, now: datetime, found: RuleResult) -> None:
        for check in found.checks:
            self._see(check.code, float(check.value or 0.0))
        before: EntryLatch | None = self.books.latch
        self._take(now, found)
        if self.books.latch is not before:
            failed = breaches(found)
            codes = tuple(check.code for check in failed)
            self.breaches.append(Breach(now, codes, tuple(float(check.value or 0.0) for check in failed)))

    def _see(self, code: str, value: float) -> None:
        self.largest[code] = max(self.largest.get(code, value), value)
