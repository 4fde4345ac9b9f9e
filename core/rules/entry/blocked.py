"""Rule 1: whether this cycle may enter at all."""

from __future__ import annotations

from typing import Protocol

from core.checks import RuleResult, at_most, holds
from core.strategy import Strategy


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
