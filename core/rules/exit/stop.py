"""Exit rule `stop`: closing costs a multiple of the credit."""

from __future__ import annotations

from core.checks import RuleResult, at_least
from core.strategy import ExitsSection


def check_stop(cost_over_credit: float, exits: ExitsSection) -> RuleResult:
    """Cost to close at least `stop_cost_multiple` credits."""
    limit = exits.stop_cost_multiple
    checks = (at_least("stop", cost_over_credit, limit),) if limit is not None else ()
    return RuleResult(rule="stop", checks=checks)
