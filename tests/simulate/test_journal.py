"""The journal of a simulation: whose it is, who writes it, and what a line of it has to say."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from cli.simulating import Simulation
from core.errors import InputError
from lab.simulate.journal import Journal
from tests.simulate.test_simulate import simulation

DAYS = 0.02


def noted(journal: Path) -> list[int]:
    return [json.loads(line)["seed"] for line in journal.read_text("utf-8").splitlines()[1:]]


def run(journal: Path, seeds: str, **told: object) -> None:
    short(journal, seeds, **told).run()


def short(journal: Path, seeds: str, **told: object) -> Simulation:
    return simulation(**{"seeds": seeds, "days": DAYS, "journal": journal, **told})


def test_two_processes_do_not_write_one_journal(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    first = short(journal, "1:2")
    with pytest.raises(InputError, match=f"--journal {journal}: another simulation has it"):
        short(journal, "1:2")
    (tmp_path / "link").symlink_to(journal)
    with pytest.raises(InputError, match="another simulation has it"):
        short(tmp_path / "link", "1:2")
    first.run()
    run(journal, "1:3")
    assert noted(journal) == [1, 2]


def test_a_journal_that_is_refused_is_not_held(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_text("another\n", "utf-8")
    with pytest.raises(InputError, match="name another file"):
        Journal(journal, "this")
    journal.unlink()
    with closing(Journal(journal, "this")):
        assert journal.exists()


def test_a_last_line_without_its_end_is_run_again_and_nothing_is_written_behind_it(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    run(journal, "1:3")
    whole = journal.read_text("utf-8")
    journal.write_text(whole.removesuffix("\n"), "utf-8")
    run(journal, "1:5")
    assert noted(journal) == [1, 2, 3, 4]
    assert journal.read_text("utf-8").startswith(whole)


def test_a_first_line_without_its_end_is_written_anew(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    run(journal, "1:3")
    whole = journal.read_text("utf-8")
    journal.write_text(whole.splitlines()[0], "utf-8")
    run(journal, "1:3")
    assert journal.read_text("utf-8") == whole


def test_a_seed_that_two_processes_noted_counts_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "journal"
    run(journal, "1:3")
    head, *lines = journal.read_text("utf-8").splitlines(keepends=True)
    journal.write_text("".join([head, *lines, *lines]), "utf-8")
    capsys.readouterr()
    run(journal, "1:3")
    assert "2 seeds of 0.02 days" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line", ["[]", "3", "null", '"seed"', "{}", '{"seed": 1}', '{"seed": "1"', "\u2028", "[[[1]]]"]
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    journal = tmp_path / "journal"
    run(journal, "1:3")
    head, *lines = journal.read_text("utf-8").splitlines(keepends=True)
    journal.write_text("".join([head, f"{line}\n", *lines]), "utf-8")
    with pytest.raises(InputError, match=f"--journal {journal}: line 2 can't be read"):
        short(journal, "1:3")


@pytest.mark.parametrize("value", ['"2"', "null", "-1", "1.5", "true"])
def test_a_line_with_another_seed_is_named(tmp_path: Path, value: str) -> None:
    journal = tmp_path / "journal"
    run(journal, "2:4")
    text = journal.read_text("utf-8")
    journal.write_text(text.replace('"seed": 2,', f'"seed": {value},'), "utf-8")
    with pytest.raises(InputError, match="line 2 can't be read"):
        short(journal, "2:4")


def test_a_part_of_the_acts_is_no_whole_seed(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    run(journal, "1:2", only="-1")
    with pytest.raises(InputError, match=r"expected .* found .*--only -1"):
        short(journal, "1:2")
    run(journal, "1:2", only="-1")


def test_another_local_file_beside_the_strategy_is_another_simulation(tmp_path: Path) -> None:
    journal, strategy = tmp_path / "journal", tmp_path / "own.yaml"
    strategy.write_text("entry:\n  dvol_min_pts: 30.0\n", "utf-8")
    run(journal, "1:2", strategy=strategy)
    (tmp_path / "own.local.yaml").write_text("entry:\n  dvol_min_pts: 35.0\n", "utf-8")
    with pytest.raises(InputError, match="name another file"):
        short(journal, "1:2", strategy=strategy)


def test_days_that_differ_are_another_simulation_however_little(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    run(journal, "1:2")
    with pytest.raises(InputError, match=r"expected .*--days 0\.0200000001 "):
        short(journal, "1:2", days=0.0200000001)


def test_seeds_of_the_journal_that_were_not_asked_for_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "journal"
    run(journal, "1:3")
    capsys.readouterr()
    run(journal, "3:4")
    shown, told = capsys.readouterr()
    assert "what follows is also of 2 other seeds of the journal" in told
    assert "3 seeds of 0.02 days" in shown
