"""Rule 3: which spread the 30-day trend, funding and DVOL ask for, if any."""

from __future__ import annotations

from core.checks import Check, RuleResult, at_least, holds
from core.strategy import BiasSection
from core.values import SpreadKind


def choose_bias(
    r30_frac: float, funding_frac: float, dvol: float, bias: BiasSection
) -> tuple[SpreadKind | None, RuleResult]:
    """Choose the kind by the trend, and check funding (and DVOL) for it.

    Up: a bull put if funding > -bound. Down: a bear call if funding < bound. Neither: a condor if |funding| <
    bound and DVOL is high enough. A refusal names every condition that failed.
    """
    trend, bound = bias.trend_min_frac, bias.funding_bound_frac
    kind: SpreadKind
    checks: tuple[Check, ...]
    if r30_frac >= trend:
        kind = SpreadKind.BULL_PUT
        checks = (_above("funding_against_trend", funding_frac, -bound),)
    elif r30_frac <= -trend:
        kind = SpreadKind.BEAR_CALL
        checks = (_below("funding_against_trend", funding_frac, bound),)
    else:
        kind = SpreadKind.IRON_CONDOR
        checks = (
            _below("funding_not_calm", abs(funding_frac), bound),
            at_least("dvol_low_for_condor", dvol, bias.condor_dvol_min_pts),
        )
    result = RuleResult(
        rule="bias",
        checks=checks,
        inputs={"r30_frac": r30_frac, "funding_frac": funding_frac, "dvol": dvol, "branch": kind.value},
    )
    return (kind if result.passed else None), result


def forced_bias(kind: SpreadKind) -> RuleResult:
    """The answer if a person forces the kind: it passes and says so."""
    return RuleResult(rule="bias", checks=(holds("forced", True, kind.value, kind.value),))


def _above(code: str, value: float, bound: float) -> Check:
    return Check(code=code, value=value, op=">", threshold=bound, passed=value > bound)


def _below(code: str, value: float, bound: float) -> Check:
    return Check(code=code, value=value, op="<", threshold=bound, passed=value < bound)
