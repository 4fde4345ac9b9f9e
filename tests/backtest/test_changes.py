"""What `--set` gives is read as the strategy file is: the same guards, and a complaint names the option."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from lab.backtest.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
STRATEGY = ROOT / "strategy.yaml"
W1 = ROOT / "lab" / "workloads" / "w1.yaml"
BOMB = "[&a [x,x,x,x,x,x,x,x,x]" + "".join(
    f", &{name} [{','.join([f'*{before}'] * 9)}]" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def refused(*changes: str, path: Path = STRATEGY) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(path, changes)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("exits.profit_of_credit=&a [*a]", "expected plain values, found an alias"),
        ("exits=&a {x: *a}", "expected plain values, found an alias"),
        (f"exits.profit_of_credit={BOMB}]", "expected plain values, found an alias"),
        ("exits={2026-01-01: 2}", "expected a key of text, found datetime.date(2026, 1, 1)"),
        (f"exits={'[' * 3000}{']' * 3000}", "expected settings, found brackets nested too deeply to read"),
        (f"exits.profit_of_credit={'9' * 5000}", "expected a valid int, found a longer one"),
        ("strategy.name=2026-13-45", "expected a valid timestamp, found '2026-13-45'"),
        (
            "exits={profit_of_credit: 0.4, profit_of_credit: 0.6}",
            "exits.profit_of_credit: expected once, found again",
        ),
        ("scheduler.entry_time=14:00", "found 14:00, which YAML reads as minutes and seconds"),
        ("strikes.dte_max=010", "expected a decimal number, found 010, which YAML reads as 8"),
        ("exits=!!set {a}", "expected plain values, found the tag tag:yaml.org,2002:set"),
        ("exits=[", "expected YAML: "),
        ("exits=a: b: c", "expected YAML: mapping values are not allowed"),
        ("exits=\x07", "expected YAML: "),
    ],
)
def test_a_value_that_a_file_may_not_have_is_refused_and_names_its_option(change: str, problem: str) -> None:
    (line,) = refused(change)
    key = change.partition("=")[0]
    assert line.startswith(f"--set {key}=")
    assert problem in line
    assert len(line) < 400


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        ("a.b=1", "--set a.b=1: a: unknown key"),
        ("exits.nonsense=1", "--set exits.nonsense=1: exits.nonsense: unknown key"),
        ("exits={nonsense: 1}", "--set exits={nonsense: 1}: exits.nonsense: unknown key"),
        ("exits=1", "--set exits=1: exits: expected an object, found 1"),
        ("lab.gates=false", "--set lab.gates=false: lab: gates: false leaves no bias"),
        ("lab.nonsense=1", "--set lab.nonsense=1: lab.nonsense: unknown key"),
        ("lab=1", "--set lab=1: lab: expected a section, found 1"),
        ("scheduler.monitor_times=[1]", "--set scheduler.monitor_times=[1]: scheduler.monitor_times.0: "),
        (
            'scheduler.monitor_times=["00:00", x]',
            '--set scheduler.monitor_times=["00:00", x]: scheduler.monitor_times.1: ',
        ),
        ("sizing.contracts_max=100000", "--set sizing.contracts_max=100000: sizing.contracts_max: "),
    ],
)
def test_what_a_change_has_made_wrong_is_said_of_the_change(change: str, begins: str) -> None:
    assert refused(change)[0].startswith(begins)


def test_a_contradiction_of_sections_names_the_file_and_every_change() -> None:
    lines = refused("strikes.dte_min=7", "exits.expiry_dte=7")
    assert lines[0].startswith(f"{STRATEGY} with --set strikes.dte_min=7, --set exits.expiry_dte=7: ")


def test_a_contradiction_within_a_section_names_the_changes_of_it() -> None:
    lines = refused("exits.profit_of_credit=0.4", "strikes.dte_min=40", "strikes.dte_max=10")
    assert lines[0].startswith("--set strikes.dte_min=40, --set strikes.dte_max=10: strikes: ")


def test_what_stood_in_a_list_that_was_replaced_has_no_line_any_more(tmp_path: Path) -> None:
    text = STRATEGY.read_text("utf-8").replace(
        'monitor_times: ["00:00", "12:00"]', 'monitor_times:\n    - "00:00"\n    - "12:00"'
    )
    file = tmp_path / "strategy.yaml"
    file.write_text(text, "utf-8")
    (tmp_path / "strategy.local.yaml").write_text('scheduler:\n  monitor_times: ["00:00", 7]\n', "utf-8")
    (line,) = refused(path=file)
    assert line.startswith(f"{tmp_path / 'strategy.local.yaml'}:2: scheduler.monitor_times.1: ")


def test_a_fault_of_the_local_file_is_not_said_of_a_change(tmp_path: Path) -> None:
    file = tmp_path / "strategy.yaml"
    file.write_text(STRATEGY.read_text("utf-8"), "utf-8")
    (tmp_path / "strategy.local.yaml").write_text("strikes:\n  dte_min: 40\n  dte_max: 10\n", "utf-8")
    (line,) = refused("strikes.delta_max=0.3", path=file)
    assert line.startswith(f"{tmp_path / 'strategy.local.yaml'}:1: strikes: ")


def test_a_value_too_long_to_show_is_cut() -> None:
    (line,) = refused(f"exits.profit_of_credit={'x' * 100_000}")
    assert line.startswith("--set exits.profit_of_credit=xxx")
    assert len(line) < 400


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        ("exits.profit_of_credit=0.4", "profit_of_credit", 0.4),
        ("exits={profit_of_credit: 0.4}", "profit_of_credit", 0.4),
        ("exits.profit_of_credit='0.4'", None, None),
    ],
)
def test_a_change_is_taken_as_a_file_would_say_it(change: str, key: str | None, value: object) -> None:
    if key is None:
        assert "write it in plain decimal digits and without quotes" in refused(change)[0]
    else:
        assert getattr(load_settings(STRATEGY, (change,)).strategy.exits, key) == value


def test_a_section_of_switches_is_changed_key_by_key() -> None:
    assert "lab.kind: " in refused("lab.kind=nonsense", path=W1)[0]
