"""A sweep runs what is missing, each once, and keeps what it has found."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import InputError
from gateway.paper.sample import write_sample
from lab.backtest import sources
from lab.backtest.sources import Market
from lab.processes import Done
from lab.research.executor import PointEnd, PointTask
from lab.research.folder import SweepFolder, report_name
from lab.research.journal import SweepJournal
from lab.research.running import Runner
from lab.research.sweep import NoReports, Reports, SweepSpan, Swept, conduct, held, tasks_of
from reading.run_file import read_run
from tests.research.swept import points, tasks

POINTS = points("exits.profit_of_credit=0.4,0.6")


class Here:
    """Runs tasks in this process, one after the other."""

    def __init__(self) -> None:
        self.ran: list[PointTask] = []
        self._waiting: list[PointTask] = []
        self._runner = Runner()

    def submit(self, task: PointTask) -> None:
        self._waiting.append(task)

    def as_completed(self) -> Iterator[PointEnd | None]:
        for task in self._waiting:
            self.ran.append(task)
            yield Done(task, self._runner.run(task))

    def close(self) -> None:
        self._waiting.clear()


def swept(
    journal: SweepJournal, here: Here, reports: Reports | None = None, *, stop_after: int = 99
) -> Swept:
    told = 0

    def goes_on(*_: object) -> bool:
        nonlocal told
        told += 1
        return told <= stop_after

    listed = tasks(POINTS, 1, 2, reports=reports is not None)
    return conduct(POINTS, listed, journal, reports or NoReports(), lambda: here, goes_on)


def test_each_point_has_a_run_a_market() -> None:
    here = Here()
    found = swept(SweepJournal(None), here)
    assert (found.asked, found.known, found.ran, found.is_whole) == (4, 0, 4, True)
    assert {number: [run.market for run in runs] for number, runs in found.by_point.items()} == {
        1: ["model seed 1", "model seed 2"],
        2: ["model seed 1", "model seed 2"],
    }


def test_a_second_run_computes_only_what_is_missing(tmp_path: Path) -> None:
    journal, first = SweepJournal(tmp_path), Here()
    cut = swept(journal, first, stop_after=2)
    assert (cut.is_whole, len(first.ran)) == (False, 2)
    journal.close()
    journal, second = SweepJournal(tmp_path), Here()
    found = swept(journal, second)
    journal.close()
    assert (found.known, found.ran, found.is_whole) == (2, 2, True)
    assert [task.number for task in second.ran] == [2, 3]
    assert found.by_point == swept(SweepJournal(None), Here()).by_point


def test_points_of_equal_settings_are_run_once() -> None:
    same = points("exits.profit_of_credit=0.5,0.50")
    here = Here()
    found = conduct(same, tasks(same), SweepJournal(None), NoReports(), lambda: here, lambda *_: True)
    assert len(here.ran) == 1
    assert found.by_point[1] == found.by_point[2]


def test_a_point_whose_report_is_gone_is_run_again(tmp_path: Path) -> None:
    journal, folder = SweepJournal(tmp_path), SweepFolder(tmp_path)
    found = swept(journal, Here(), folder)
    key = found.by_point[1][0].key
    report = tmp_path / "points" / report_name(key)
    assert read_run(report).trading is not None
    report.unlink()
    again = swept(journal, Here(), folder)
    journal.close()
    assert (again.known, again.ran) == (3, 1)
    assert report.is_file()
    assert len((tmp_path / "journal.jsonl").read_text("utf-8").splitlines()) == 4


def test_a_report_that_cannot_be_written_ends_the_sweep_with_a_word(tmp_path: Path) -> None:
    journal = SweepJournal(tmp_path)
    (tmp_path / "points").write_text("a file where the folder should be", "utf-8")
    with pytest.raises(InputError, match="the file can't be written"):
        swept(journal, Here(), SweepFolder(tmp_path))
    journal.close()
    assert (tmp_path / "journal.jsonl").read_text("utf-8") == ""


def test_a_record_that_was_replaced_since_the_sweep_began_is_not_run_as_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "CACHE", tmp_path / "cache")
    chains, _ = write_sample(tmp_path / "sample", 2, 7)
    markets = held([Market(chains, 0)])
    (task,) = tasks_of(POINTS[:1], markets, SweepSpan(None, None, None), reports=False)
    assert Runner().run(task).found.key == task.key
    path = next(chains.glob("*.csv.gz"))
    path.write_bytes(path.read_bytes() + gzip.compress(b""))
    with pytest.raises(InputError, match="expected files that stay as they were when the sweep began"):
        Runner().run(task)
