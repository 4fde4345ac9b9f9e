"""Exit rule `profit`: most of the credit is earned."""

from __future__ import annotations

from core.checks import RuleResult, at_most
from core.strategy import ExitsSection


def check_profit(cost_over_credit: float, exits: ExitsSection) -> RuleResult:
    """Cost to close at most `profit_of_credit` of the credit."""
    limit = exits.profit_of_credit
    checks = (at_most("profit", cost_over_credit, limit),) if limit is not None else ()
    return RuleResult(rule="profit", checks=checks)
