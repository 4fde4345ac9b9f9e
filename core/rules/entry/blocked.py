"""Rule 1: whether this cycle may enter at all."""

from __future__ import annotations

from core.checks import RuleResult, at_most, holds
from core.rules.facts import EngineFacts
from core.strategy import Strategy


def check_blocked(facts: EngineFacts, strategy: Strategy) -> RuleResult:
    """Rule 1: refuse if armed or suspended, if no place is free, an order is in doubt, or strategy is off."""
    checks = [
        holds("kill_switch_armed", not facts.armed, facts.armed, False),
        *(holds("suspended", False, reason, "nothing", reason) for reason in facts.suspended_reasons),
        at_most("max_open_positions", facts.open_positions + 1, strategy.strategy.max_open_positions),
        at_most("orders_in_doubt", facts.orders_in_doubt, 0),
        holds("strategy_disabled", facts.strategy_enabled, facts.strategy_enabled, True),
    ]
    return RuleResult(rule="blocked", checks=tuple(checks))
