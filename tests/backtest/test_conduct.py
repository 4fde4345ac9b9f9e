"""Only the laboratory puts other rules in the place of those that an engine trades by."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from actors.compose import engine_settings
from core.rules.conduct import AS_IT_TRADES, Conduct
from core.strategy import Strategy
from lab.backtest.switched import conduct_of
from lab.backtest.switches import AS_IN_AN_ENGINE, Switches

PACKAGES = ("actors", "cli", "config", "files", "gateway", "page", "reading")
MAKES_ONE = re.compile(r"\bConduct\(|conduct_of|\bSwitches\(")


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_that_trades_makes_another_conduct(package: str, repository: Path) -> None:
    files = (repository / package).rglob("*.py")
    assert [str(path) for path in files if MAKES_ONE.search(path.read_text("utf-8"))] == []


def test_the_composition_takes_none() -> None:
    assert "conduct" not in engine_settings.__annotations__


def test_without_a_switch_the_conduct_is_an_engines() -> None:
    made = conduct_of(AS_IN_AN_ENGINE, Strategy())
    assert (made.gated, made.first_exit_step) == (AS_IT_TRADES.gated, AS_IT_TRADES.first_exit_step)
    assert made.window_end is AS_IT_TRADES.window_end


def test_a_switch_changes_what_it_names() -> None:
    strategy = Strategy()
    made: Conduct = conduct_of(Switches(window=False, exit_price="natural"), strategy)
    assert made.first_exit_step == strategy.execution.exit_steps
    assert made.window_end is not AS_IT_TRADES.window_end
    assert made.gated
