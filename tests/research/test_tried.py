"""Who tries often, elsewhere, on other days or seeds, or looks again, is counted and told."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import InputError
from lab.backtest.sources import Market
from lab.research.identity import PointKey, origin_hash
from lab.research.sweep import HeldMarket, SweepSpan, tasks_of
from lab.research.tried import ALL_SEEDS, Tried
from tests.research.swept import WEEK, points, seeds

AT = datetime(2026, 3, 2, tzinfo=UTC)
MARCH = HeldMarket(Market(Path("chains"), 0), "march", "record")
APRIL = HeldMarket(Market(Path("chains"), 0), "april", "record")
"""The same record, grown by a month."""


def keys(data: str, *configs: str) -> list[PointKey]:
    return [PointKey(config, data, "code") for config in configs]


def test_points_are_counted_once_whatever_the_code(tmp_path: Path) -> None:
    tried = Tried([MARCH], tmp_path)
    assert tried.add_points(keys("march", "a", "b")) == 2
    assert tried.add_points([PointKey("b", "march", "later"), *keys("march", "c")]) == 3
    assert Tried([MARCH], tmp_path).add_points([]) == 3


def test_a_record_that_grows_is_the_same_market_and_the_same_point_another_try(tmp_path: Path) -> None:
    Tried([MARCH], tmp_path).add_points(keys("march", "a", "b"))
    assert Tried([APRIL], tmp_path).add_points(keys("april", "a")) == 3


def test_other_seeds_other_days_and_other_samples_of_a_grid_are_further_tries(tmp_path: Path) -> None:
    two = points("exits.profit_of_credit=0.4,0.6")
    later = SweepSpan(datetime(2026, 1, 6, tzinfo=UTC), WEEK.ended)
    found = []
    for markets, span in ((seeds(1), WEEK), (seeds(2), WEEK), (seeds(1, 2), WEEK), (seeds(1), later)):
        tasks = tasks_of(two, markets, span, reports=False)
        found.append(Tried(markets, tmp_path).add_points(task.key for task in tasks))
    assert found == [2, 4, 6, 8]
    assert [file.name for file in tmp_path.iterdir()] == [ALL_SEEDS]


def test_how_far_sweeps_have_read_is_kept_of_the_furthest(tmp_path: Path) -> None:
    tried = Tried([MARCH], tmp_path)
    assert tried.read_to() is None
    for days in (10, 5):
        tried.add_read(AT + timedelta(days=days))
    assert Tried([APRIL], tmp_path).read_to() == AT + timedelta(days=10)


def test_looks_are_counted_over_all_folders(tmp_path: Path) -> None:
    counted = tmp_path / "tried"
    for number, folder in enumerate((tmp_path / "a", tmp_path / "b", tmp_path / "b"), start=1):
        looks = Tried([APRIL], counted).add_look(AT, AT, folder)
        assert len(looks) == number
    assert [Path(look.folder).name for look in looks] == ["a", "b", "b"]
    other = HeldMarket(Market(Path("others"), 0), "other", "other")
    assert len(Tried([other], counted).add_look(AT, AT, tmp_path)) == 1


def test_a_line_that_was_cut_off_hides_no_other(tmp_path: Path) -> None:
    tried = Tried([MARCH], tmp_path)
    tried.add_points(keys("march", "a"))
    file = tmp_path / MARCH.origin
    file.write_bytes(file.read_bytes() + b'{"kind":"poi')
    assert tried.add_points(keys("march", "b")) == 2
    assert tried.add_points([]) == 2


def test_what_cannot_be_counted_is_not_swept(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file where the folder should be", "utf-8")
    with pytest.raises(InputError, match="expected a file in which every point that was run is counted"):
        Tried([MARCH], taken).add_points(keys("march", "a"))


def test_the_origin_of_a_record_stays_while_it_grows_and_that_of_a_seed_is_the_seed(tmp_path: Path) -> None:
    record = Market(tmp_path, 0)
    first = tmp_path / "chain_2026-03.csv"
    first.write_text("time,bid\n1,2\n", "utf-8")
    origin = origin_hash(record)
    first.write_text("time,bid\n1,2\n3,4\n", "utf-8")
    (tmp_path / "chain_2026-04.csv").write_text("time,bid\n5,6\n", "utf-8")
    assert origin_hash(record) == origin
    packed = tmp_path / "chain_2026-02.csv.gz"
    packed.write_bytes(gzip.compress(b"time,bid\n0,1\n"))
    assert origin_hash(record) != origin
    packed.write_bytes(b"no gzip")
    with pytest.raises(InputError, match=r"chain_2026-02\.csv\.gz: expected a file that can be read"):
        origin_hash(record)
    assert origin_hash(Market(None, 1)) != origin_hash(Market(None, 2))


@pytest.mark.timeout(20)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "record")
    with pytest.raises(InputError, match="expected a plain file, found a pipe"):
        Tried([MARCH], tmp_path).read_to()
    (tmp_path / "chains").mkdir()
    os.mkfifo(tmp_path / "chains" / "a.csv")
    with pytest.raises(InputError, match=r"a.csv: expected a file that can be read: .* found a pipe"):
        origin_hash(Market(tmp_path / "chains", 0))
