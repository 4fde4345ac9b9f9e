"""The lines of a simulation's journal: wherever the last was cut off it goes on, and a wrong one is named."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import InputError
from lab.simulate.draw import draw
from lab.simulate.journal import Journal, JournalRow
from lab.simulate.outcome import WorldOutcome

WHAT = "--days 1"
HEAD = json.dumps({"simulated": WHAT})
ROW = JournalRow(
    seed=1,
    digest="d",
    breach=None,
    text="",
    orders=2,
    trades=8,
    lives=1,
    looks=9,
    rests=3,
    coverage=Counter({("crash", "rests"): 2}),
)


def outcome(seed: int) -> WorldOutcome:
    return WorldOutcome(draw(seed, 1.0, "none"))


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """One with the rows of seeds 1 and 2, as they are written."""
    path = tmp_path / "journal"
    with closing(Journal(path, WHAT)) as made:
        made.add(outcome(1))
        made.add(outcome(2))
    return path


def test_a_row_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text(f"{HEAD}\n{json.dumps(ROW.as_json())}\n", "utf-8")
    with closing(Journal(path, WHAT)) as journal:
        assert journal.rows == (ROW,)


def test_wherever_the_last_line_was_cut_off_its_seed_is_simulated_again(journal: Path) -> None:
    whole = journal.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    assert last > 100
    for lost in range(1, last + 1):
        journal.write_bytes(whole[:-lost])
        with closing(Journal(journal, WHAT)) as again:
            assert [row.seed for row in again.rows] == [1]
            again.add(outcome(2))
        assert journal.read_bytes() == whole


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("[]", "expected an object, found []"),
        ("5", "expected an object, found 5"),
        ("[" * 100_000, "expected JSON: recursion limit exceeded"),
        (json.dumps({**ROW.as_json(), "seed": "1"}), "seed: expected integer, found '1'"),
        (json.dumps({**ROW.as_json(), "looks": -1}), "looks: expected greater than or equal to 0, found -1"),
        (json.dumps({**ROW.as_json(), "coverage": [["a", "b", "c"]]}), "coverage.0.2: expected integer"),
        (json.dumps({**ROW.as_json(), "more": 1}), "more: unknown key"),
        (json.dumps({"seed": 1}), "digest: expected a value, found none"),
    ],
)
def test_a_line_before_the_last_that_cant_be_read_is_named_and_kept(
    journal: Path, line: str, wrong: str
) -> None:
    head, first, second = journal.read_text("utf-8").splitlines()
    damaged = f"{head}\n{first}\n{line}\n{second}\n"
    journal.write_text(damaged, "utf-8")
    with pytest.raises(InputError) as refused:
        Journal(journal, WHAT)
    told = str(refused.value)
    assert told.startswith(f"--journal {journal}: line 3 can't be read: ")
    assert wrong in told
    assert len(told) < 500 + len(str(journal))
    assert journal.read_text("utf-8") == damaged
