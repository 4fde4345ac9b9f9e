"""Ninety days cost as much at their end as at their beginning: nothing grows but what is kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reading.proof import books_proved
from tests.report_checks import problems
from tests.soak.months import DAYS, LAST_S, MONTH, SETTLED_DAY, Sample, paper_months, samples, table

GROWTH_MAX = 1.1
RESIDENT_MAX = 120 * 1024**2
FOLDER_MAX = 400 * 10**6
WRITTEN_A_DAY_MAX = 40 * 10**6
MAILBOX_MAX = 100
"""As the alert rule CerberoBiteMailboxFills has it."""

pytestmark = pytest.mark.soak


@dataclass(frozen=True)
class Months:
    folder: Path
    taken: list[Sample]
    report: dict[str, Any]

    def most(self, figure: Callable[[Sample], int], *, last: bool) -> int:
        """The most within the first month after the first days, or within the last one."""
        days = self.taken[-MONTH:] if last else self.taken[SETTLED_DAY : SETTLED_DAY + MONTH]
        return max(figure(each) for each in days)


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Months:
    folder = tmp_path_factory.mktemp("months") / "data"
    with paper_months(folder, DAYS) as process:
        taken = list(samples(folder, process))
        assert process.wait(LAST_S) == 0
    sys.stdout.write(f"\n{table(taken)}\n")
    return Months(folder, taken, json.loads(Path(f"{folder}.json").read_text("utf-8")))


def test_it_traded_to_the_end(months: Months) -> None:
    """Else nothing is shown by what did not grow."""
    assert [each.day for each in months.taken] == list(range(1, DAYS + 1))
    entries = [cycle for cycle in months.report["cycles"] if cycle["kind"] == "entry"]
    assert len(entries) >= DAYS // 7
    assert months.report["trades"]
    assert problems(months.report) == []
    assert books_proved(months.folder).lines() == ()


def test_its_memory_is_that_of_the_first_days(months: Months) -> None:
    settled = months.taken[SETTLED_DAY - 1].resident
    assert months.taken[-1].resident <= GROWTH_MAX * settled
    assert max(each.resident for each in months.taken) <= RESIDENT_MAX


@pytest.mark.parametrize("name", ["threads", "descriptors", "wal"])
def test_threads_files_and_journals_do_not_grow(months: Months, name: str) -> None:
    """A backup or a request under way is one more for a moment, in the first month as in the last."""
    first, last = (months.most(lambda each: int(getattr(each, name)), last=last) for last in (False, True))
    assert last <= GROWTH_MAX * first


def test_mailboxes_are_emptied(months: Months) -> None:
    assert months.most(lambda each: each.mailbox, last=True) <= MAILBOX_MAX
    assert min(each.mailbox for each in months.taken[-MONTH:]) == 0


def test_folder_and_writing_are_bounded(months: Months) -> None:
    settled, end = months.taken[SETTLED_DAY - 1], months.taken[-1]
    assert end.folder <= FOLDER_MAX
    assert (end.written - settled.written) / (end.day - settled.day) <= WRITTEN_A_DAY_MAX
