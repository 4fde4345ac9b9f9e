"""The schema of `strategy.yaml`: every number of the strategy with its unit, range and default.

Ranges are wide enough for any sane choice and narrow enough to catch a wrong unit: a DVOL of 0.6 or a risk of
1.5 is refused. Unknown keys are refused, and so are combinations that can't work. `_pts` are DVOL percent
points, `_frac` fractions, `_s` and `_h` seconds and hours.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from core.permit_times import PERMIT_LIFETIME_MAX_S, PERMIT_LIFETIME_MIN_S
from core.protection_settings import ProtectionsSection, one_trade_alone
from core.section import Section
from core.text import all_seen
from core.values import Environment

TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A UTC time of day, HH:MM, quoted in YAML (an unquoted 14:00 is the number 840 there)."""
VisibleText = Annotated[str, AfterValidator(all_seen)]
"""A text of which every character is seen; one that is not could hide or forge what stands beside it."""

READ_BEFORE_PRICE_S = 60.0
"""So long the reads before a permit for a new price may take: two of at most 20 s each, and the permit."""


class ExitsWhenArmed(StrEnum):
    """What an armed kill switch does to exits."""

    ALLOW_REDUCE_ONLY = "allow_reduce_only"
    BLOCK = "block"


class LongLegBy(StrEnum):
    """How the long leg of a spread is chosen: by the width of the spread or by its own delta."""

    WIDTH = "width"
    DELTA = "delta"


class ExitMeasure(StrEnum):
    """In which currency cost to close is compared with the credit."""

    ETH = "eth"
    USD = "usd"


class StrategySection(Section):
    name: VisibleText = Field("cerbero-bite", min_length=1, max_length=64, description="shown in reports")
    max_open_positions: int = Field(1, ge=1, le=10, description="positions open at the same time")


class EntrySection(Section):
    capital_min_usd: float = Field(20_000.0, ge=100, le=1e9, description="USD of total equity")
    dvol_min_pts: float = Field(40.0, ge=10, le=300, description="DVOL points")
    dvol_max_pts: float = Field(85.0, ge=10, le=300, description="DVOL points")
    dvol_day_change_max_frac: float = Field(0.12, ge=0, le=2, description="fraction, DVOL now over 24 h ago")
    vrp_min_pts: float = Field(0.0, ge=-100, le=100, description="points of DVOL above RV14")
    macro_before_h: float = Field(2.0, ge=0, le=48, description="hours before entry")
    macro_blackout_h: float = Field(54.0, ge=0, le=240, description="hours after entry")
    macro_country: str = Field(
        "US", pattern=r"^[A-Z]{2}$", description="ISO country of the events that block"
    )
    funding_abs_max_frac: float = Field(0.80, ge=0.05, le=10, description="fraction a year, absolute")
    funding_age_max_h: float = Field(9.0, ge=0.1, le=48, description="hours; an older venue is left out")
    eth_share_max: float = Field(0.30, ge=0, le=1, description="fraction of holdings in ETH")

    @model_validator(mode="after")
    def _ordered(self) -> EntrySection:
        if self.dvol_min_pts >= self.dvol_max_pts:
            raise ValueError("dvol_min_pts must be below dvol_max_pts, or no market is ever allowed")
        return self


class BiasSection(Section):
    trend_min_frac: float = Field(0.05, gt=0, le=1, description="fraction, 30-day return")
    funding_bound_frac: float = Field(0.20, ge=0, le=10, description="fraction a year")
    condor_dvol_min_pts: float = Field(55.0, ge=10, le=300, description="DVOL points")


class LongLegSection(Section):
    by: LongLegBy = Field(LongLegBy.WIDTH, description="width | delta")
    delta_min: float = Field(0.05, gt=0, lt=1, description="absolute delta, used if by = delta")
    delta_max: float = Field(0.15, gt=0, lt=1, description="absolute delta, used if by = delta")
    delta_target: float = Field(0.10, gt=0, lt=1, description="absolute delta, used if by = delta")
    delta_scale: float = Field(
        0.05, gt=0, lt=1, description="absolute delta that costs as much as one scale of the short leg"
    )

    @model_validator(mode="after")
    def _ordered(self) -> LongLegSection:
        if not self.delta_min <= self.delta_target <= self.delta_max:
            raise ValueError("delta_target must lie in [delta_min, delta_max]")
        return self


class StrikesSection(Section):
    dte_min: float = Field(9.0, gt=0, le=120, description="days to expiry")
    dte_max: float = Field(15.0, gt=0, le=120, description="days to expiry")
    dte_target: float = Field(11.0, gt=0, le=120, description="days to expiry")
    delta_min: float = Field(0.15, gt=0, lt=0.5, description="absolute delta of the short leg")
    delta_max: float = Field(0.25, gt=0, lt=0.5, description="absolute delta of the short leg")
    delta_target: float = Field(0.20, gt=0, lt=0.5, description="absolute delta of the short leg")
    delta_scale: float = Field(
        0.05, gt=0, lt=0.5, description="absolute delta that costs one point of distance"
    )
    width_min_frac: float = Field(0.05, gt=0, lt=0.5, description="fraction of spot")
    width_max_frac: float = Field(0.12, gt=0, lt=0.5, description="fraction of spot")
    width_target_frac: float = Field(0.08, gt=0, lt=0.5, description="fraction of spot")
    width_scale_frac: float = Field(
        0.02, gt=0, lt=0.5, description="fraction of spot that costs one point of distance"
    )
    long_leg: LongLegSection = LongLegSection()

    @model_validator(mode="after")
    def _ordered(self) -> StrikesSection:
        for name, low, target, high in (
            ("dte", self.dte_min, self.dte_target, self.dte_max),
            ("delta", self.delta_min, self.delta_target, self.delta_max),
            ("width", self.width_min_frac, self.width_target_frac, self.width_max_frac),
        ):
            if not low <= target <= high:
                raise ValueError(f"the target of {name} must lie between its minimum and maximum")
        if self.long_leg.by is LongLegBy.DELTA and self.long_leg.delta_target >= self.delta_target:
            raise ValueError("long_leg.delta_target must be below delta_target: the long leg is further out")
        return self


class WorthSection(Section):
    credit_floor_of_delta: float = Field(
        0.55, ge=0, lt=1, description="natural credit over width, as a multiple of the mean absolute delta"
    )
    cost_max_of_credit: float = Field(0.37, gt=0, le=2, description="round-trip cost over mid credit")


class SizingSection(Section):
    risk_per_trade: float = Field(0.015, gt=0, le=0.25, description="fraction of equity")
    risk_total: float = Field(0.06, gt=0, le=0.5, description="fraction of equity over all open positions")
    cap_per_trade_eur: float = Field(500.0, gt=0, le=1e7, description="EUR of worst loss a trade")
    kelly_cap: float | None = Field(
        None, gt=0, le=0.25, description="fraction of equity; set by a person only"
    )
    dvol_reference_pts: float = Field(60.0, ge=10, le=300, description="DVOL points at which size is full")
    dvol_scale_min: float = Field(0.7, gt=0, le=1, description="lowest factor on the budget")
    dvol_scale_max: float = Field(1.0, gt=0, le=2, description="highest factor on the budget")
    contracts_max: int = Field(4, ge=1, le=1000, description="contracts (1 ETH each) a trade")
    spot_low_frac: float = Field(
        0.5, ge=0.001, lt=1, description="fraction of spot, low end of the worst-loss range"
    )
    spot_high_frac: float = Field(
        2.0, gt=1, le=10, description="fraction of spot, high end of the worst-loss range"
    )
    venue_loss_max: float = Field(0.50, gt=0, le=1, description="worst ETH loss over venue equity")
    margin_use_max: float = Field(0.40, gt=0, le=1, description="initial margin over venue equity")
    planning_spot_usd: float = Field(
        1000.0, ge=100, le=1e6, description="USD; at this spot the smallest capital must carry one contract"
    )
    equity_spot_multiple: float = Field(
        5.0, gt=0, le=100, description="validate and dry-run warn below this many spots of equity"
    )

    @model_validator(mode="after")
    def _possible(self) -> SizingSection:
        if self.risk_per_trade > self.risk_total:
            raise ValueError("risk_per_trade must not exceed risk_total")
        if self.dvol_scale_min > self.dvol_scale_max:
            raise ValueError("dvol_scale_min must not exceed dvol_scale_max")
        return self


class LiquiditySection(Section):
    open_interest_min: float = Field(250.0, ge=0, le=1e6, description="contracts, a leg")
    volume_24h_min: float = Field(10.0, ge=0, le=1e6, description="contracts in 24 h, a leg")
    spread_short_max: float = Field(0.15, gt=0, le=2, description="(ask - bid) / mid of a short leg")
    spread_long_max: float = Field(0.25, gt=0, le=2, description="(ask - bid) / mid of a long leg")
    max_quote_age_s: float = Field(
        60.0, gt=0, le=3600, description="seconds; a chain older than this is an anomaly"
    )


class AnomalySection(Section):
    broken_max_frac: float = Field(0.05, ge=0, le=0.5, description="broken quotes over all quotes of a chain")
    iv_min_pct: float = Field(15.0, ge=1, le=100, description="percent, mark IV")
    iv_max_pct: float = Field(400.0, ge=100, le=2000, description="percent, mark IV")
    delta_gap_max: float = Field(0.05, gt=0, le=1, description="our delta against the venue's")
    clock_ahead_max_s: float = Field(
        5.0, ge=0, le=60, description="seconds a time of the venue may be ahead of our clock"
    )
    equity_age_max_s: float = Field(
        900.0, gt=0, le=86_400, description="seconds; older total equity is an anomaly"
    )
    fx_age_max_h: float = Field(144.0, gt=0, le=720, description="hours; an older FX rate is an anomaly")
    equity_off_holdings_max_frac: float = Field(
        0.05, gt=0, le=0.5, description="total equity over the sum of the holdings less 1, absolute"
    )
    basis_max_frac: float = Field(0.01, gt=0, le=0.2, description="forward over index less 1, absolute")
    basis_max_frac_per_year: float = Field(
        0.15, ge=0, le=1, description="the same in addition, for each year to expiry"
    )
    atm_iv_over_dvol_min: float = Field(0.6, gt=0, le=1, description="at-the-money IV over DVOL")
    atm_iv_over_dvol_max: float = Field(1.6, ge=1, le=10, description="at-the-money IV over DVOL")


class ComboSection(Section):
    price_aggression: float = Field(0.3, ge=0, le=1, description="first limit: 0 at mid, 1 at natural")


class ExitsSection(Section):
    margin_warn: float | None = Field(
        0.4, gt=0, le=1, description="maintenance margin over venue equity that is alerted; null: off"
    )
    margin_exit: float | None = Field(
        0.6, gt=0, le=1, description="the same, closes the position that uses most; null: off"
    )
    measure: ExitMeasure = Field(ExitMeasure.ETH, description="eth | usd")
    expiry_dte: float = Field(4.0, ge=0, le=60, description="days to expiry; 0 holds to settlement")
    profit_of_credit: float | None = Field(
        0.5, gt=0, lt=1, description="cost to close over credit; null: off"
    )
    stop_cost_multiple: float | None = Field(
        2.5, gt=1, le=20, description="cost to close over credit; null: off"
    )
    dvol_rise_pts: float | None = Field(12.0, gt=0, le=200, description="points above entry; null: off")
    dvol_rise_multiple: float | None = Field(1.25, gt=1, le=10, description="multiple of entry; null: off")
    delta_max: float | None = Field(0.35, gt=0, lt=1, description="absolute delta of a short leg; null: off")
    delta_max_condor: float | None = Field(0.45, gt=0, lt=1, description="the same for a condor; null: off")
    adverse_path: float | None = Field(
        0.65, gt=0, le=2, description="part of the way to a short strike; null: off"
    )
    adverse_path_condor: float | None = Field(
        0.90, gt=0, le=2, description="the same for a condor; null: off"
    )
    adverse_return_4h: float | None = Field(
        0.05, gt=0, le=1, description="4-hour return, fraction; null: off"
    )
    monitor_on_snapshot: bool = Field(False, description="also at every stored market snapshot")

    @model_validator(mode="after")
    def _ordered(self) -> ExitsSection:
        warn, close = self.margin_warn, self.margin_exit
        if warn is not None and close is not None and warn > close:
            raise ValueError(f"margin_warn ({warn:g}) must not exceed margin_exit ({close:g})")
        return self


class ExecutionSection(Section):
    environment: Environment = Field(Environment.PAPER, description="testnet | mainnet | paper")
    reprice_s: float = Field(60.0, ge=5, le=3600, description="seconds between two prices of an order")
    reprice_steps: int = Field(10, ge=1, le=1000, description="steps from mid to the floor")
    fill_timeout_s: float = Field(900.0, ge=10, le=86_400, description="seconds until an entry is cancelled")
    exit_steps: int = Field(5, ge=1, le=1000, description="steps of an exit from mid to natural")
    exit_reprice_s: float = Field(60.0, ge=5, le=3600, description="seconds between two prices of an exit")
    permit_lifetime_s: float = Field(
        3.0,
        ge=PERMIT_LIFETIME_MIN_S,
        le=PERMIT_LIFETIME_MAX_S,
        description="seconds; also the order's valid_until",
    )
    clock_skew_max_s: float = Field(
        1.0, gt=0, le=10, description="seconds between the venue's clock and ours"
    )

    @model_validator(mode="after")
    def _reachable(self) -> ExecutionSection:
        if self.fill_timeout_s <= self.reprice_s:
            raise ValueError("fill_timeout_s must exceed reprice_s, or an entry is never repriced")
        return self


class KillSwitchSection(Section):
    exits: ExitsWhenArmed | None = Field(
        None,
        description="allow_reduce_only | block; null is allowed on paper only and means allow_reduce_only",
    )


class AuditSection(Section):
    anchor_path: VisibleText | None = Field(
        None,
        pattern="^/.",
        description="absolute path of a file on another disk or share that gets the log's head; null: none",
    )


class LimitsSection(Section):
    contracts_max: int = Field(4, ge=1, le=1000, description="contracts an order")
    order_value_max_usd: float = Field(40_000.0, gt=0, le=1e9, description="USD: contracts x index")
    collar_ticks: int = Field(20, ge=1, le=1000, description="combo ticks (0.0001 ETH) beyond natural")
    collar_frac: float = Field(
        0.25, ge=0, le=2, description="fraction of natural; the wider of both collars holds"
    )
    orders_per_hour: int = Field(30, ge=1, le=1000, description="entry requests in any 3600 s")
    market_data_age_max_s: float = Field(120.0, gt=0, le=3600, description="seconds: marks known to the gate")
    books_age_max_s: float = Field(900.0, gt=0, le=86_400, description="seconds: books known to the gate")


class SchedulerSection(Section):
    entry_weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = (
        Field("monday", description="day of the entry cycle")
    )
    entry_time: TimeOfDay = Field("14:00", description="UTC")
    monitor_times: tuple[TimeOfDay, ...] = Field(("00:00", "12:00"), min_length=1, description="UTC")
    settlement_time: TimeOfDay = Field("08:10", description="UTC, daily")
    snapshot_every_min: int = Field(15, ge=1, le=1440, description="minutes")
    health_every_min: int = Field(5, ge=1, le=60, description="minutes")
    backup_every_min: int = Field(60, ge=5, le=1440, description="minutes")
    kelly_day: int = Field(1, ge=1, le=28, description="day of the month")
    grace_s: float = Field(
        300.0, ge=0, le=3600, description="seconds a due slot may run late (not monitor, settlement)"
    )
    cycle_deadline_s: float = Field(120.0, ge=5, le=300, description="seconds a cycle may take to decide")


class KellySection(Section):
    prior_weight: float = Field(75.0, ge=0, le=10_000, description="trades' worth of shrinkage to break-even")
    trades_min: int = Field(30, ge=1, le=10_000, description="below this no recommendation")


class Strategy(Section):
    """All of `strategy.yaml` but `config_hash`. The defaults equal the shipped file's values."""

    strategy: StrategySection = StrategySection()
    entry: EntrySection = EntrySection()
    bias: BiasSection = BiasSection()
    strikes: StrikesSection = StrikesSection()
    worth: WorthSection = WorthSection()
    sizing: SizingSection = SizingSection()
    liquidity: LiquiditySection = LiquiditySection()
    anomalies: AnomalySection = AnomalySection()
    combo: ComboSection = ComboSection()
    protections: ProtectionsSection = ProtectionsSection()
    exits: ExitsSection = ExitsSection()
    execution: ExecutionSection = ExecutionSection()
    kill_switch: KillSwitchSection = KillSwitchSection()
    audit: AuditSection = AuditSection()
    limits: LimitsSection = LimitsSection()
    scheduler: SchedulerSection = SchedulerSection()
    kelly: KellySection = KellySection()

    @model_validator(mode="after")
    def _possible(self) -> Strategy:
        capital_usd, sizing = self.entry.capital_min_usd, self.sizing
        budget_usd = capital_usd * min(sizing.risk_per_trade, sizing.kelly_cap or 1.0)
        smallest_width_usd = self.strikes.width_min_frac * sizing.planning_spot_usd
        if budget_usd < smallest_width_usd:
            raise ValueError(
                f"entry.capital_min_usd can't carry one contract: a budget of {budget_usd:.2f} USD a trade "
                f"is below the smallest width, {smallest_width_usd:.2f} USD at sizing.planning_spot_usd"
            )
        if sizing.cap_per_trade_eur < smallest_width_usd / 2:
            raise ValueError(
                f"sizing.cap_per_trade_eur can't carry one contract: the smallest width is "
                f"{smallest_width_usd:.2f} USD at sizing.planning_spot_usd"
            )
        breach = one_trade_alone(
            self.protections,
            risk_frac=min(sizing.risk_per_trade, sizing.kelly_cap or 1.0),
            budget_scale_max=sizing.dvol_scale_max,
        )
        if breach is not None:
            raise ValueError(breach)
        margin_exit = self.exits.margin_exit
        if margin_exit is not None and margin_exit <= sizing.margin_use_max:
            raise ValueError(
                f"exits.margin_exit ({margin_exit:g}) must exceed sizing.margin_use_max "
                f"({sizing.margin_use_max:g}), or a trade may be closed as it opens"
            )
        if sizing.contracts_max > self.limits.contracts_max:
            raise ValueError(
                "sizing.contracts_max must not exceed limits.contracts_max, or the gate refuses it"
            )
        between_s = max(self.execution.reprice_s, self.execution.exit_reprice_s)
        if self.limits.books_age_max_s < between_s + READ_BEFORE_PRICE_S:
            raise ValueError(
                f"limits.books_age_max_s ({self.limits.books_age_max_s:g}) must exceed execution.reprice_s "
                f"and execution.exit_reprice_s ({between_s:g}) by {READ_BEFORE_PRICE_S:g} s, or the gate "
                "refuses each new price of an order: its books are of the price before"
            )
        if self.exits.expiry_dte >= self.strikes.dte_min:
            raise ValueError(
                "exits.expiry_dte must be below strikes.dte_min, or a trade is closed as it opens"
            )
        if self.bias.condor_dvol_min_pts > self.entry.dvol_max_pts:
            raise ValueError("bias.condor_dvol_min_pts above entry.dvol_max_pts: no condor is ever possible")
        return self

    @property
    def exits_when_armed(self) -> ExitsWhenArmed | None:
        """What an armed switch does to exits; None if a person must choose before strategy mode starts."""
        if self.kill_switch.exits is None and self.execution.environment is Environment.PAPER:
            return ExitsWhenArmed.ALLOW_REDUCE_ONLY
        return self.kill_switch.exits
