"""`strategy explain`: a setting, a section, or all of them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.support import Cli


def test_a_setting_is_explained_with_its_present_value(cli: Cli, strategy_file: Path) -> None:
    text = strategy_file.read_text("utf-8").replace("delta_max: 0.35 ", "delta_max: 0.30 ")
    strategy_file.write_text(text, "utf-8")
    ran = cli("strategy", "explain", "exits.delta_max", "--strategy", strategy_file)
    assert ran.code == 0, ran.err
    lines = [line.split("  ", 2)[1:] for line in ran.out.splitlines() if line.startswith("  ")]
    shown = {name: value.strip() for name, value in (line for line in lines if len(line) == 2)}
    assert ran.out.startswith("exits.delta_max\n")
    assert shown["what it is"] == "absolute delta of a short leg; null: off"
    assert (shown["allowed"], shown["default"]) == ("(0, 1)", "0.35")
    assert shown["present"] == "0.3"
    assert shown["if wrong"].startswith("Lower closes needlessly")


def test_a_part_of_a_key_shows_all_that_it_matches(cli: Cli, strategy_file: Path) -> None:
    ran = cli("strategy", "explain", "adverse", "--strategy", strategy_file, "--json")
    assert [one["key"] for one in json.loads(ran.out)] == [
        "exits.adverse_path",
        "exits.adverse_path_condor",
        "exits.adverse_return_4h",
    ]


def test_without_a_key_every_setting_is_listed(cli: Cli, strategy_file: Path) -> None:
    ran = cli("strategy", "explain", "--strategy", strategy_file)
    assert ran.code == 0
    assert "scheduler.entry_weekday" in ran.out
    assert len(ran.out.splitlines()) > 90


def test_what_is_not_known_is_named(cli: Cli, tmp_path: Path) -> None:
    cli.monkeypatch.chdir(tmp_path)
    assert "found 'nonsense'" in cli("strategy", "explain", "nonsense").err
    assert cli("strategy", "explain", "nonsense").code == 2
    assert "not known, strategy.yaml is not there" in cli("strategy", "explain", "kelly.trades_min").out
