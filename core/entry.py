"""Rules 1 and 2: whether this cycle may enter at all, and whether the market allows it."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from core.facts import EntryFacts, Level, MacroEvent
from core.market_statistics import history_faults, median_funding_frac, rv14_pct
from core.rules import Check, RuleResult, Scalar, at_least, at_most, holds
from core.strategy import EntrySection, Strategy


class EngineState(Protocol):
    """What rule 1 reads: it is known before anything is fetched. `EntryFacts` has it all."""

    @property
    def strategy_enabled(self) -> bool: ...
    @property
    def armed(self) -> bool: ...
    @property
    def suspended_reasons(self) -> tuple[str, ...]: ...
    @property
    def open_positions(self) -> int: ...
    @property
    def orders_in_doubt(self) -> int: ...


def check_blocked(facts: EngineState, strategy: Strategy) -> RuleResult:
    """Rule 1: armed or suspended switch, no free slot, an order in doubt, data-analysis-only mode."""
    checks = [
        holds("kill_switch_armed", not facts.armed, facts.armed, False),
        *(holds("suspended", False, reason, "nothing", reason) for reason in facts.suspended_reasons),
        at_most("max_open_positions", facts.open_positions + 1, strategy.strategy.max_open_positions),
        at_most("orders_in_doubt", facts.orders_in_doubt, 0),
        holds("strategy_disabled", facts.strategy_enabled, facts.strategy_enabled, True),
    ]
    return RuleResult(rule="blocked", checks=tuple(checks))


def check_inputs(facts: EntryFacts, strategy: Strategy) -> RuleResult:
    """Whether the facts can be used: index history whole, funding present, chain there and mostly sound."""
    checks = [holds(code, False, len(facts.index_hourly_closes), "whole") for code in _history(facts)]
    funding = median_funding_frac(facts.funding, facts.now, strategy.entry.funding_age_max_h)
    checks.append(holds("funding_missing", funding is not None, funding, "known"))
    inputs: dict[str, Scalar] = {"index_closes": len(facts.index_hourly_closes), "venues": len(facts.funding)}
    if facts.chain is None:
        checks.append(holds("chain_missing", False, None, "known"))
    else:
        chain = facts.chain
        checks.append(at_most("chain_broken", chain.broken_frac, strategy.anomalies.broken_max_frac))
        inputs |= {"quotes": chain.quotes_total, "broken": chain.broken_total}
        inputs |= {f"broken_{code}": count for code, count in chain.broken_counts.items()}
    return RuleResult(rule="inputs", checks=tuple(checks), inputs=inputs)


def check_market(facts: EntryFacts, strategy: Strategy) -> RuleResult:
    """Rule 2, on facts that `check_inputs` has passed."""
    entry = strategy.entry
    funding = usable_funding_frac(facts, strategy)
    rv14 = rv14_pct(facts.index_hourly_closes)
    checks = [
        at_least("capital_below_min", facts.equity_usd, entry.capital_min_usd),
        at_least("dvol_below_min", facts.dvol, entry.dvol_min_pts),
        at_most("dvol_above_max", facts.dvol, entry.dvol_max_pts),
        at_most("dvol_day_change", facts.dvol / facts.dvol_24h_ago - 1.0, entry.dvol_day_change_max_frac),
        at_least("vrp_below_min", facts.dvol - rv14, entry.vrp_min_pts),
        *_macro(facts, entry),
        at_most("funding_extreme", abs(funding), entry.funding_abs_max_frac),
        at_most("eth_share", facts.eth_share, entry.eth_share_max),
        holds(
            "liquidation_pressure",
            facts.liquidation_level is not Level.HIGH,
            facts.liquidation_level.value,
            "not high",
        ),
    ]
    return RuleResult(rule="market", checks=tuple(checks), inputs={"rv14_pct": rv14, "funding_frac": funding})


def usable_funding_frac(facts: EntryFacts, strategy: Strategy) -> float:
    """The median funding of facts that `check_inputs` has passed; `ValueError` on others."""
    funding = median_funding_frac(facts.funding, facts.now, strategy.entry.funding_age_max_h)
    if funding is None:
        raise ValueError("funding: expected at least one usable venue; check_inputs comes first")
    return funding


def _history(facts: EntryFacts) -> tuple[str, ...]:
    return history_faults(facts.index_hourly_closes, facts.now)


def _macro(facts: EntryFacts, entry: EntrySection) -> list[Check]:
    """One failed check an event in the window, or one that passed where there is none."""
    first = facts.now - timedelta(hours=entry.macro_before_h)
    last = facts.now + timedelta(hours=entry.macro_blackout_h)

    def blocks(event: MacroEvent) -> bool:
        return (
            event.importance is Level.HIGH
            and event.country == entry.macro_country
            and first <= event.scheduled_at <= last
        )

    blocking = sorted((event.scheduled_at, event.name) for event in facts.macro_events if blocks(event))
    if not blocking:
        return [holds("macro_event", True, "none", "none")]
    return [holds("macro_event", False, at.isoformat(), "none", name) for at, name in blocking]
