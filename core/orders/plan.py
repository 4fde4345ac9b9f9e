"""The plan of a combo that is to be sold, as a decision made it and the books keep it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pydantic import model_validator

from core.values import Leg, SpreadKind, Value


class LegFacts(Value):
    """What the decision knew of one leg at entry; the exits and the reports compare with it."""

    instrument_name: str
    bid_eth: Decimal
    ask_eth: Decimal
    mark_eth: Decimal
    mark_iv_pct: float
    delta: float
    forward_usd: float


class ComboPlan(Value):
    """What to sell: `contracts` combos at `limit_eth` or better, never below `floor_eth`.

    All ETH and USD numbers are per combo of 1 contract. `mid_eth` and `natural_eth` are the credits with
    every leg at mid and with every leg crossing. Worst loss, breakevens and probability of profit are at the
    floor. A bull put has only the lower breakeven, a bear call only the upper one.
    """

    kind: SpreadKind
    legs: tuple[Leg, ...]
    leg_facts: tuple[LegFacts, ...]
    contracts: int
    limit_eth: Decimal
    floor_eth: Decimal
    mid_eth: Decimal
    natural_eth: Decimal
    width_usd: float
    fees_round_trip_eth: float
    worst_loss_usd: float
    worst_loss_eth: float
    initial_margin_eth: float
    breakeven_low_usd: float | None
    breakeven_high_usd: float | None
    pop: float
    expiration: datetime
    entry_spot_usd: float
    entry_dvol: float

    @model_validator(mode="after")
    def _consistent(self) -> ComboPlan:
        if self.contracts < 1:
            raise ValueError(f"contracts: expected at least 1, found {self.contracts}")
        if not Decimal(0) < self.floor_eth <= self.limit_eth:
            raise ValueError(f"expected 0 < floor <= limit, found {self.floor_eth} and {self.limit_eth}")
        if len(self.legs) != (4 if self.kind is SpreadKind.IRON_CONDOR else 2):
            raise ValueError(f"legs: expected 2, or 4 for a condor, found {len(self.legs)}")
        if any(leg.expiration != self.expiration for leg in self.legs):
            raise ValueError("legs: expected one expiration")
        return self
