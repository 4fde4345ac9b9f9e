"""Whether the index, DVOL and the chain tell of one market: one of them may be another time's, or wrong."""

from __future__ import annotations

from core.checks import RuleResult, Scalar, at_least, at_most, holds
from core.market.forwards import basis_bound_frac
from core.pricing.black76 import year_fraction
from core.rules.entry.strikes import choose_expiry
from core.rules.facts import EntryFacts
from core.strategy import Strategy


def check_agreement(facts: EntryFacts, strategy: Strategy) -> RuleResult | None:
    """Hold the forward of the expiry to be traded against the index, and its at-the-money IV against DVOL.

    |F/S − 1| may be `basis_max_frac` and `basis_max_frac_per_year` of the time to expiry, Act/365. None if
    nothing is compared: without an expiry rule 4 refuses, and a record from before this rule has no forwards.
    """
    market, anomalies = facts.market, strategy.anomalies
    if market.forwards is None or market.chain is None:
        return None
    expiry = choose_expiry(market.chain.expiries, facts.now, strategy.strikes)
    if expiry is None:
        return None
    found = next((each for each in market.forwards if each.expiration == expiry), None)
    if found is None:
        checks = (holds("forward_unknown", False, None, "known", expiry.date().isoformat()),)
        return RuleResult(rule="agreement", checks=checks)
    years = year_fraction(facts.now, expiry)
    basis = found.forward_usd / market.spot_usd - 1.0
    basis_max = basis_bound_frac(anomalies, years)
    over_dvol = found.atm_iv_pct / market.dvol
    inputs: dict[str, Scalar] = {
        "forward_usd": found.forward_usd,
        "spot_usd": market.spot_usd,
        "atm_iv_pct": found.atm_iv_pct,
        "dvol": market.dvol,
    }
    return RuleResult(
        rule="agreement",
        checks=(
            at_most("forward_off_index", abs(basis), basis_max),
            at_least("atm_iv_below_dvol", over_dvol, anomalies.atm_iv_over_dvol_min),
            at_most("atm_iv_above_dvol", over_dvol, anomalies.atm_iv_over_dvol_max),
        ),
        inputs=inputs,
    )
