"""Processes that run points: what dies is replaced, nothing is lost, and closing ends them at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from multiprocessing import active_children, resource_tracker
from time import monotonic

import pytest

from lab.processes import Done, Processes, Raised
from lab.research.executor import PointEnd, PointTask
from lab.research.found import Ran
from lab.research.running import Runner, point_runner
from lab.research.sweep import SweepSpan
from tests.research.swept import points, tasks

pytestmark = pytest.mark.long

YEARS = SweepSpan(None, datetime(2056, 1, 1, tzinfo=UTC), timedelta(days=1))
"""Longer than any test."""


def end() -> None:
    """How a worker dies that runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly:
    """What kills the process that reads it."""

    def __reduce__(self) -> tuple[object, ...]:
        return end, ()


def numbers_of(_is_wanted: Callable[[], bool]) -> Callable[[PointTask], int]:
    return lambda task: task.number


def pressed() -> object:
    """Ctrl-C of a terminal, which goes to every process, those that begin too."""
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return numbers_of


class Pressed:
    """Read by a worker as it starts."""

    def __call__(self, _is_wanted: Callable[[], bool]) -> Callable[[PointTask], int]:
        raise NotImplementedError

    def __reduce__(self) -> tuple[object, ...]:
        return pressed, ()


def ended(runs: Processes[PointTask, Ran], listed: Sequence[PointTask]) -> dict[int, PointEnd]:
    for task in listed:
        runs.submit(task)
    try:
        found = [each for each in runs.as_completed() if each is not None]
    finally:
        runs.close()
    assert len({each.task.number for each in found}) == len(found)
    return {each.task.number: each for each in found}


def test_processes_find_what_one_run_here_finds() -> None:
    listed = tasks(points("exits.profit_of_credit=0.4,0.6"), 1, 2)
    found = ended(Processes(2, point_runner), listed)
    here = {task.number: Done(task, Runner().run(task)) for task in listed}
    assert found == here


def test_points_that_raise_or_kill_their_workers_are_named_and_the_others_go_on() -> None:
    good, broken, deadly = tasks(points("exits.profit_of_credit=0.4,0.5,0.6"))
    before = datetime(2020, 1, 1, tzinfo=UTC)
    broken = replace(broken, plan=replace(broken.plan, began=before))
    deadly = replace(deadly, values=Deadly())  # type: ignore[arg-type]
    found = ended(Processes(1, point_runner), [deadly, broken, good])
    said = {number: each.why for number, each in found.items() if isinstance(each, Raised)}
    assert said == {
        broken.number: "--from: the market begins at 2026-01-05T00:00:00Z, found 2020-01-01T00:00:00Z",
        deadly.number: "2 workers died while they ran it, the last with exit code -9",
    }
    assert isinstance(found[good.number], Done)


def test_a_worker_that_is_killed_is_replaced_and_its_point_runs_again() -> None:
    (task,) = tasks(points())
    runs = Processes(1, point_runner)
    runs.submit(task)
    events = runs.as_completed()
    # It is started by now, and has not even imported what it needs.
    assert next(events) is None
    (child,) = active_children()
    child.kill()
    found = [each for each in events if each is not None]
    runs.close()
    assert [type(each) for each in found] == [Done]


def test_a_worker_that_dies_between_two_points_is_not_counted_against_the_second() -> None:
    runs = Processes(1, point_runner)
    for task in tasks(points("exits.profit_of_credit=0.4,0.6")):
        runs.submit(task)
    events = runs.as_completed()
    first = next(each for each in events if each is not None)
    (idle,) = active_children()
    idle.kill()
    idle.join()
    assert next(events) is None
    (child,) = active_children()
    child.kill()
    found = [first, *(each for each in events if each is not None)]
    runs.close()
    assert [type(each) for each in found] == [Done, Done]


def test_workers_run_tasks_that_follow_each_other_and_help_whoever_has_some_left() -> None:
    first, *others = tasks(points("exits.profit_of_credit=0.4,0.5,0.6"), 1, 2)
    runs = Processes(2, point_runner)
    for task in (replace(first, plan=replace(first.plan, ended=YEARS.ended)), *others):
        runs.submit(task)
    found = (each.task.number for each in runs.as_completed() if each is not None)
    # One worker does not come to the end of its first task. The other one runs its own half, then the later
    # half of what is left, and then the rest.
    assert list(islice(found, 5)) == [3, 4, 5, 2, 1]
    runs.close()


def test_closing_kills_what_runs_within_two_seconds() -> None:
    runs = Processes(8, point_runner)
    for task in tasks(points("exits.profit_of_credit=0.4,0.6"), span=YEARS):
        runs.submit(task)
    assert next(runs.as_completed()) is None
    assert len(active_children()) == 2  # As many as there are points.
    began = monotonic()
    runs.close()
    assert monotonic() - began < 2.0
    assert active_children() == []


def test_a_signal_to_the_group_ends_no_worker_that_is_just_starting(
    capfd: pytest.CaptureFixture[str],
) -> None:
    # As in a new process: whatever ran before has started it.
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]
    runs: Processes[PointTask, int] = Processes(2, Pressed())
    listed = tasks(points("exits.profit_of_credit=0.4,0.6"))
    for task in listed:
        runs.submit(task)
    try:
        found = [each for each in runs.as_completed() if each is not None]
    finally:
        runs.close()
    assert sorted(each.ran for each in found if isinstance(each, Done)) == [0, 1]
    assert capfd.readouterr().err == ""
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGINT, signal.SIGTERM}
