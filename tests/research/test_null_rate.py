"""What every verdict tells of itself is what was measured, and the code still trades the same years."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta

import pytest

from lab.research.axes import axes_of, grid
from lab.research.null_rate import measured_rate
from lab.research.points import points_of
from lab.research.running import Runner
from lab.research.sweep import SweepSpan, tasks_of
from tests.research.null_rate import KEPT, RESUME_AFTER_DAYS, SETS, weeks_of
from tests.research.swept import STRATEGY, seeds

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


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_three_years_are_still_traded_as_they_were(seed: int) -> None:
    kept = json.loads(gzip.decompress(KEPT.read_bytes()))
    points, _ = points_of(STRATEGY, grid(axes_of(SETS)))
    runner = Runner()
    span = SweepSpan(None, None, timedelta(days=RESUME_AFTER_DAYS))
    found = {
        task.number: [runner.run(task).found] for task in tasks_of(points, seeds(seed), span, reports=False)
    }
    assert weeks_of(found)[f"model seed {seed}"] == kept[f"model seed {seed}"]
