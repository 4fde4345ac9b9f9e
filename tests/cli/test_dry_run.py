"""`dry-run` with trading switched off shows every rule, and does not call trading switched on."""

from __future__ import annotations

from cli.dry_cycle import decide_as_if_on
from core.rules.entry.decision import EntryOutcome, decide_entry
from core.strategy import Strategy
from tests.core.example_market import entry_facts


def test_with_trading_on_it_is_the_engines_own_decision() -> None:
    facts = entry_facts()
    assert decide_as_if_on(facts, Strategy()) == decide_entry(facts, Strategy())


def test_with_trading_off_the_rules_after_the_first_are_shown_and_the_first_is_as_it_is() -> None:
    on, off = entry_facts(), entry_facts(strategy_enabled=False)
    decision = decide_as_if_on(off, Strategy())
    assert decision.outcome is EntryOutcome.PROPOSE
    assert decision.rules[0] == decide_entry(off, Strategy()).rules[0]
    assert decision.rules[1:] == decide_entry(on, Strategy()).rules[1:]
    assert "switched on" not in decision.table()


def test_what_else_blocks_is_not_passed_over() -> None:
    decision = decide_as_if_on(entry_facts(strategy_enabled=False, armed=True), Strategy())
    assert decision.outcome is EntryOutcome.BLOCKED
    assert decision.reasons == ("kill_switch_armed", "strategy_disabled")
