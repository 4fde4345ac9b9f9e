"""What every verdict tells of itself is what was measured, and the code still trades the same years."""

from __future__ import annotations

import gzip
import json

import pytest

from lab.research.null_rate import measured_rate
from lab.research.running import Runner
from tests.research.null_rate import KEPT, null_tasks, weeks_of

RATE_MAX = 0.15


def test_the_rate_that_is_told_is_not_above_what_is_promised() -> None:
    rate = measured_rate()
    assert rate is not None
    assert rate.found / rate.sweeps <= RATE_MAX


def test_the_weeks_that_it_was_measured_on_are_kept() -> None:
    rate, kept = measured_rate(), json.loads(gzip.decompress(KEPT.read_bytes()))
    assert rate is not None
    assert len(kept) == rate.sweeps
    assert {len(points) for points in kept.values()} == {rate.points}


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_three_years_are_still_traded_as_they_were(seed: int) -> None:
    kept, runner = json.loads(gzip.decompress(KEPT.read_bytes())), Runner()
    found = {task.number: [runner.run(task).found] for task in null_tasks(seed)}
    assert weeks_of(found)[f"model seed {seed}"] == kept[f"model seed {seed}"]
