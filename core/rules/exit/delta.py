"""Exit rule `delta`: a short leg has come too near the money."""

from __future__ import annotations

from collections.abc import Sequence

from core.checks import Check, RuleResult, at_least
from core.market.quoted import Quoted
from core.strategy import ExitsSection
from core.values import SpreadKind


def check_delta(shorts: Sequence[Quoted], kind: SpreadKind, exits: ExitsSection) -> RuleResult:
    """The |delta| of any short leg at or above its limit."""
    limit = exits.delta_max_condor if kind is SpreadKind.IRON_CONDOR else exits.delta_max
    checks: tuple[Check, ...] = ()
    if limit is not None:
        checks = tuple(at_least("delta", quote.abs_delta, limit, quote.instrument_name) for quote in shorts)
    return RuleResult(rule="delta", checks=checks)
