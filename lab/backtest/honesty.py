"""What a report has to admit: how old quotes were, what was assumed or skipped, and what nobody gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Protocol, runtime_checkable

from core.contract import Trade
from core.orders.books import Position
from core.statistics.account import AccountPoint
from core.values import PositionId
from gateway.paper.source import MarketSource

HOUR = timedelta(hours=1)
ASSUMED = "assumed"
"""The name by which a record tells of funding that it does not hold."""


@runtime_checkable
class Aged(Protocol):
    """A market that was recorded: its quotes have an age."""

    def quoted_since(self, at: datetime) -> datetime:
        """The time of the snapshot whose quotes are served at `at`."""

    def has_sizes(self, at: datetime) -> bool:
        """Whether the sizes at the touch that are served at `at` were recorded."""


@runtime_checkable
class OfSnapshotsAlone(Protocol):
    """A record that holds no more than its snapshots."""

    @property
    def assumed_dvol_pts(self) -> float:
        """What stands for DVOL at all times, points. The index of the last snapshot is the delivery price."""


class SeenCost(Protocol):
    """A decision on an exit: what closing one combo cost when it was made."""

    @property
    def position_id(self) -> PositionId: ...
    @property
    def mid_cost_eth(self) -> Decimal: ...
    @property
    def natural_cost_eth(self) -> Decimal: ...


@dataclass
class Honesty:
    """Counted during a run. Ages are of the quotes, in hours."""

    source: MarketSource
    decision_ages_h: list[float] = field(default_factory=list)
    fill_ages_h: list[float] = field(default_factory=list)
    decisions: int = 0
    fills: int = 0
    on_assumed_size: int = 0
    """Fills against a size at the touch that nobody recorded."""
    on_assumed_funding: int = 0
    deliveries: int = 0
    account_points: list[AccountPoint] = field(default_factory=list)
    """The account at each entry decision."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Monitors of a position that could not decide, by the first reason."""
    paid_beyond_mid_eth: dict[PositionId, Decimal] = field(default_factory=dict)
    paid_beyond_natural_eth: dict[PositionId, Decimal] = field(default_factory=dict)
    """What the exits of a position cost beyond what their decisions saw, ETH."""
    aged: Aged | None = field(init=False)
    """The source, if it is a record."""
    assumed_dvol_pts: float | None = field(init=False)
    """DVOL, points, if the source has none."""

    def __post_init__(self) -> None:
        # Asked for each time, this alone took a fiftieth of a run.
        source = self.source
        self.aged = source if isinstance(source, Aged) else None
        self.assumed_dvol_pts = source.assumed_dvol_pts if isinstance(source, OfSnapshotsAlone) else None

    @property
    def is_recorded(self) -> bool:
        return self.aged is not None

    def decided(self, at: datetime, *, entry: bool) -> None:
        """A decision was made on the quotes of now."""
        self.decisions += 1
        self.decision_ages_h += self._ages_h(at)
        if entry and any(told.name == ASSUMED for told in self.source.exchange_funding(at)):
            self.on_assumed_funding += 1

    def filled(self, fills: Iterable[Trade]) -> None:
        """An order has filled; what filled at one moment is one fill."""
        for at in sorted({fill.timestamp for fill in fills}):
            self._filled(at)

    def _filled(self, at: datetime) -> None:
        self.fills += 1
        self.fill_ages_h += self._ages_h(at)
        if self.aged is not None and not self.aged.has_sizes(at):
            self.on_assumed_size += 1

    def exited(self, decision: SeenCost, combos: int, paid_eth: Decimal) -> None:
        """Combos of a position were bought back for `paid_eth` in all, after this decision."""
        for beyond, seen_eth in (
            (self.paid_beyond_mid_eth, decision.mid_cost_eth),
            (self.paid_beyond_natural_eth, decision.natural_cost_eth),
        ):
            before = beyond.get(decision.position_id, Decimal(0))
            beyond[decision.position_id] = before + paid_eth - combos * seen_eth

    def _ages_h(self, at: datetime) -> list[float]:
        return [] if self.aged is None else [(at - self.aged.quoted_since(at)) / HOUR]


@dataclass(frozen=True)
class ThreePrices:
    """The P&L of closed trades in ETH: had every order filled at the natural price that its decision saw, as
    they were worked, and at mid, which nobody gets."""

    natural_eth: Decimal
    worked_eth: Decimal
    mid_eth: Decimal


def three_prices(closed: list[Position], honesty: Honesty) -> ThreePrices:
    """The three; fees and deliveries are those of the orders as they were worked."""
    worked = sum((position.pnl_eth for position in closed), Decimal(0))
    natural = mid = worked
    for position in closed:
        plan, contracts = position.plan, position.contracts_opened
        mid += plan.mid_eth * contracts - position.credit_eth
        natural += plan.natural_eth * contracts - position.credit_eth
        mid += honesty.paid_beyond_mid_eth.get(position.position_id, Decimal(0))
        natural += honesty.paid_beyond_natural_eth.get(position.position_id, Decimal(0))
    return ThreePrices(natural, worked, mid)


def age_text(ages_h: list[float]) -> str:
    """Median, 90 % and oldest, in hours."""
    if not ages_h:
        return "none"
    ordered = sorted(ages_h)
    nine = ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]
    return f"median {median(ordered):.1f} h, 90 % below {nine:.1f} h, oldest {ordered[-1]:.1f} h"
