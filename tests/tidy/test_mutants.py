"""What `make mutants` changes is there, so are the tests that should notice, and the page has each part."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch

import pytest

from tests.mutation.parts import PARTS, Part
from tests.mutation.run import SCORE_MIN, Score, chosen, main, sampled, settings_of
from tests.tidy.sources import ROOT

PAGE = (ROOT / "docs" / "mutants.md").read_text("utf-8")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_each_part_has_its_files_its_tests_and_its_line_in_the_page(part: Part) -> None:
    paths = [path for package in part.packages for path in (ROOT / package).rglob("*.py")]
    files = [path.relative_to(ROOT).as_posix() for path in paths]
    for pattern in (*part.files, *part.not_mutated):
        assert any(fnmatch(file, pattern) for file in files), pattern
    assert [path for path in part.tests if not (ROOT / path).exists()] == []
    assert f"| {part.name} |" in PAGE


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_the_settings_of_a_part_are_toml_that_pytest_can_read_too(part: Part) -> None:
    settings = tomllib.loads(settings_of(part))["tool"]
    assert settings["mutmut"]["only_mutate"] == list(part.files)
    assert settings["mutmut"]["pytest_add_cli_args_test_selection"] == list(part.tests)
    assert "pytest" in settings


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("core.rules.exit.*", "core"),
        ("core.values.x_round__mutmut_1", "core"),
        ("actors.audit.scan.*", "audit"),
        ("actors.kill_switch.latch.xǁLatchǁarm__mutmut_1", "kill_switch"),
        ("actors.mcp.orders.*", "orders"),
        ("actors.state.moves.x_move__mutmut_2", "books"),
        ("cli.commands.kill_switch.*", "arming"),
        ("audit", "audit"),
    ],
)
def test_a_part_is_found_by_its_name_and_by_the_names_of_its_mutants(named: str, found: str) -> None:
    ((part, patterns),) = chosen([named])
    assert part.name == found
    assert patterns == (() if named == found else (named,))


def test_a_name_of_no_part_is_refused() -> None:
    with pytest.raises(SystemExit, match="expected one of core, kill_switch, audit"):
        chosen(["nothing"])
    assert [part for part, _ in chosen([])] == list(PARTS)


def test_a_sample_is_drawn_by_its_seed_from_all_mutants_alike() -> None:
    names = [f"core.values.x_round__mutmut_{number}" for number in range(1, 101)]
    drawn = [name for name in names if any(fnmatch(name, one) for one in sampled(3, 1))]
    assert len(drawn) == 30
    assert sampled(3, 1) == sampled(3, 1) != sampled(3, 2)
    assert {one for seed in range(40) for one in sampled(1, seed)} == {f"*__mutmut_*{n}" for n in range(10)}


def test_a_mutant_that_was_not_tried_or_is_reached_by_no_test_counts_as_unnoticed() -> None:
    outcomes = ("killed", "timeout", "survived", "no tests", "not checked", "suspicious")
    score = Score("core", 9, {str(number): outcome for number, outcome in enumerate(outcomes)})
    assert score.share == 2 / 6
    assert Score("core", 0, {}).share == 0.0


def test_a_sample_is_of_parts() -> None:
    with pytest.raises(SystemExit, match="expected parts beside --sample"):
        main(["--sample", "1", "core.values.*"])


def test_the_page_says_the_minimum() -> None:
    assert f"{SCORE_MIN:.0%}".replace("%", " %") in PAGE
