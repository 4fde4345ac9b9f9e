"""Whether the facts of an entry can be used."""

from __future__ import annotations

from core.checks import RuleResult, Scalar, at_most, holds
from core.market.statistics import history_faults, median_funding_frac
from core.market.venue_clock import latest_time
from core.rules.facts import EntryFacts
from core.strategy import Strategy


def check_inputs(facts: EntryFacts, strategy: Strategy) -> RuleResult:
    """Check that the index history is whole, funding is known, and the chain is there and mostly sound."""
    market = facts.market
    checks = [
        holds(code, False, len(market.index_hourly_closes), "whole")
        for code in history_faults(
            market.index_hourly_closes, facts.now, latest=latest_time(facts.now, strategy.anomalies)
        )
    ]
    funding = _funding_frac(facts, strategy)
    checks.append(holds("funding_missing", funding is not None, funding, "known"))
    closes, venues = len(market.index_hourly_closes), len(market.funding)
    inputs: dict[str, Scalar] = {"index_closes": closes, "venues": venues}
    chain = market.chain
    if chain is None:
        checks.append(holds("chain_missing", False, None, "known"))
    else:
        checks.append(at_most("chain_broken", chain.broken_frac, strategy.anomalies.broken_max_frac))
        inputs |= {"quotes": chain.quotes_total, "broken": chain.broken_total}
        inputs |= {f"broken_{code}": count for code, count in chain.broken_counts.items()}
    return RuleResult(rule="inputs", checks=tuple(checks), inputs=inputs)


def usable_funding_frac(facts: EntryFacts, strategy: Strategy) -> float:
    """The median funding of facts that `check_inputs` has passed; `ValueError` on others."""
    funding = _funding_frac(facts, strategy)
    if funding is None:
        raise ValueError("funding: expected at least one usable venue; check_inputs comes first")
    return funding


def _funding_frac(facts: EntryFacts, strategy: Strategy) -> float | None:
    return median_funding_frac(
        facts.market.funding,
        facts.now,
        strategy.entry.funding_age_max_h,
        latest=latest_time(facts.now, strategy.anomalies),
    )
