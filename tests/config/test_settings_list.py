"""Every setting is explained: what it is, what is allowed, and what a wrong value costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.consequences import CONSEQUENCES
from config.settings_list import settings
from core.strategy import ExitsSection, Strategy
from tests.cli.support import ROOT

ALL = {setting.key: setting for setting in settings(Strategy())}


def test_each_setting_has_its_consequence_and_none_is_left_over() -> None:
    assert set(ALL) == set(CONSEQUENCES)


def test_each_consequence_is_a_sentence() -> None:
    assert [key for key, text in CONSEQUENCES.items() if not text.endswith(".") or len(text) < 20] == []


@pytest.mark.parametrize("key", ALL)
def test_meaning_and_range_are_those_of_the_files_own_comments(key: str) -> None:
    """`strategy.yaml` says the same, line by line."""
    setting, name = ALL[key], key.rsplit(".", 1)[-1]
    lines = [
        line.split("#", 1)[1].strip()
        for line in (ROOT / "strategy.yaml").read_text("utf-8").splitlines()
        if line.strip().startswith(f"{name}:") and "#" in line
    ]
    assert any(setting.meaning in line for line in lines), (key, lines)
    if setting.allowed[:1] in ("[", "("):
        assert f"{setting.meaning}; {setting.allowed}" in lines


def test_values_are_written_as_in_the_file() -> None:
    odd = {setting.key: setting for setting in settings(Strategy(exits=ExitsSection(delta_max=None)))}
    assert (odd["exits.delta_max"].default, odd["exits.delta_max"].present) == ("0.35", "null")
    assert odd["exits.monitor_on_snapshot"].present == "false"
    assert odd["scheduler.monitor_times"].present == "[00:00, 12:00]"
    assert odd["exits.measure"].allowed == "eth | usd"
    assert odd["exits.monitor_on_snapshot"].allowed == "true | false"
    assert {setting.present for setting in settings(None)} == {None}
    assert Path("strategy.yaml").name == "strategy.yaml"
