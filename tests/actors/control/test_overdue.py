"""A scheduler that stands still is no healthy engine."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.messages.control import GetHealthcheck, Healthcheck
from core.messages.state import GetJobRuns, JobRuns
from core.orders.books import Job
from tests.actors.control.test_actor import NOW, Desk


@pytest.mark.parametrize(
    ("job", "late_s", "problems"),
    [
        (Job.MONITOR, 601, 1),
        (Job.MONITOR, 600, 0),
        (Job.ENTRY, -7 * 86_400, 0),
        # The next runs of these are recorded only with those of a cycle.
        (Job.HEALTH, 86_400, 0),
    ],
)
def test_a_cycle_that_should_have_been_told_long_ago_is_a_problem(
    job: Job, late_s: int, problems: int
) -> None:
    desk = Desk()
    desk.ctx.asks[GetJobRuns] = JobRuns(next_runs={job: NOW - timedelta(seconds=late_s)}, last_slots={})
    check = desk.actor.on_receive(GetHealthcheck())
    assert isinstance(check, Healthcheck)
    assert len(check.problems) == problems
    if problems:
        assert check.problems[0].startswith("monitor has been due since 2026-")
