"""The port behind which points are run: by processes of this machine, or by a cluster.

An executor runs each task at least once and gives each answer once. It knows nothing of journals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from lab.backtest.result import Plan
from lab.processes import Done, Raised
from lab.research.axes import Values
from lab.research.found import Ran
from lab.research.identity import PointKey


@dataclass(frozen=True)
class PointTask:
    """One run of one point over one market."""

    number: int
    key: PointKey
    values: Values
    plan: Plan
    reports: bool
    """Whether the report that the page opens is wanted, too."""


PointEnd = Done[PointTask, Ran] | Raised[PointTask]
"""A task with what it found, or why it could not be run."""


class Executor(Protocol):
    """Runs tasks."""

    def submit(self, task: PointTask) -> None:
        """Take a task; it returns at once."""

    def as_completed(self) -> Iterator[PointEnd | None]:
        """Each task that was submitted, as it ends. None, several times a second, while nothing has ended."""

    def close(self) -> None:
        """Let go of everything; what still runs is killed."""
