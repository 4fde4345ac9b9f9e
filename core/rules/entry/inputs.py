"""Whether the facts of an entry can be used."""

from __future__ import annotations

from core.checks import RuleResult, Scalar, at_most, holds
from core.market.statistics import history_faults, median_funding_frac
from core.rules.facts import EntryFacts
from core.strategy import Strategy


def check_inputs(facts: EntryFacts, strategy: Strategy) -> RuleResult:
    """Whether the facts can be used: index history whole, funding present, chain there and mostly sound."""
    checks = [
        holds(code, False, len(facts.index_hourly_closes), "whole")
        for code in history_faults(facts.index_hourly_closes, facts.now)
    ]
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


def usable_funding_frac(facts: EntryFacts, strategy: Strategy) -> float:
    """The median funding of facts that `check_inputs` has passed; `ValueError` on others."""
    funding = median_funding_frac(facts.funding, facts.now, strategy.entry.funding_age_max_h)
    if funding is None:
        raise ValueError("funding: expected at least one usable venue; check_inputs comes first")
    return funding
