"""Every check of every rule has words that a trader reads at a glance."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import core.rules
from core.check_words import CHECKS, INPUTS, RULES, check_line, input_line
from core.checks import Check, holds
from core.rules.entry.protections import PROTECTIONS

FOLDER = Path(core.rules.__file__).parent
MAKERS = {"at_least", "at_most", "holds", "_above", "_below"}


def codes_in_the_rules() -> set[str]:
    """Each code that is written out where a check is made, and each rule's name."""
    found = set()
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                code = node.args[0]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    found.add(code.value)
    return found


def test_every_code_has_words_and_no_words_are_left_over() -> None:
    by_variable = {
        # These come by a variable: faults of the history, of the search for a pair, and the caps on the size.
        "index_history_short",
        "index_history_gap",
        "index_history_not_current",
        "no_short_in_delta_range",
        "no_long_leg_in_range",
        "no_liquid_pair",
        "budget_below_one",
        "venue_loss_above_max",
        "margin_above_max",
        # The protections, whose codes other rooms know by name.
        "pnl_unknown",
        "drawdown_above_max",
        "loss_above_max",
        "losing_trades_in_a_row",
        "rest_after_stop",
    }
    assert codes_in_the_rules() | by_variable == set(CHECKS)


def test_every_rule_has_a_heading() -> None:
    found: set[object] = {PROTECTIONS}
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "rule" and isinstance(node.value, ast.Constant):
                found.add(node.value.value)
    assert found == set(RULES)


@pytest.mark.parametrize(
    ("check", "line"),
    [
        (holds("strategy_disabled", True, True, True), ("trading is switched on", "")),
        (holds("kill_switch_armed", False, True, False), ("the kill switch is armed", "")),
        (holds("suspended", False, "clock", "nothing"), ("entries are suspended by clock", "")),
        (holds("cost_above_max", False, "-0.1", "a mid credit above 0"),
         ("cost of trading, of the credit", "-0.1 is a mid credit above 0")),
        (holds("unheard_of", False, None, "known"), ("unheard_of", "none is known")),
    ],
)  # fmt: skip
def test_statements_are_sentences(check: Check, line: tuple[str, str]) -> None:
    found = check_line(check.code, check.value, check.op, check.threshold, passed=check.passed)
    assert found == line


def test_numbers_have_a_unit_and_are_never_rounded_onto_their_bound() -> None:
    assert check_line("eth_share", 0.5, "<=", 0.3, passed=False)[1] == "50.0%, at most 30.0%"
    assert check_line("dvol_below_min", 39.98, ">=", 40.0, passed=False)[1] == "39.98, at least 40"
    assert (
        check_line("dvol_below_min", 40.0, ">=", 40.0, passed=True)[1] == "40.0 points, at least 40.0 points"
    )
    exits = check_line("profit", 0.64, "<=", 0.5, passed=False, exits=True)
    assert exits == ("cost to close, of the credit", "64.0%, closes at or below 50.0%")


def test_inputs_too() -> None:
    assert input_line("dvol", 61.44) == ("DVOL", "61.4 points")
    assert input_line("breakeven_low_usd", None) == (INPUTS["breakeven_low_usd"].label, "none")
    assert input_line("odd", True) == ("odd", "yes")


def test_a_check_says_itself_in_words() -> None:
    assert holds("strategy_disabled", False, False, True).said.startswith("trading is switched off")
    check = Check(code="max_open_positions", value=2, op="<=", threshold=1, passed=False)
    assert check.said == "positions with a new one: 2, at most 1"
