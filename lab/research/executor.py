"""The port behind which points are run: by processes of this machine, or by a cluster.

An executor runs each task at least once and gives each answer once. It knows nothing of journals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from lab.backtest.result import Plan
from lab.research.axes import Values
from lab.research.found import Ran
from lab.research.identity import PointKey

LOST_MAX: Final = 2
"""A task that so many workers died of is given up, by its name."""


@dataclass(frozen=True)
class PointTask:
    """One run of one point over one market."""

    number: int
    key: PointKey
    values: Values
    plan: Plan
    reports: bool
    """Whether the report that the page opens is wanted, too."""


@dataclass(frozen=True)
class Done:
    """A task with what it found."""

    task: PointTask
    ran: Ran


@dataclass(frozen=True)
class Raised:
    """A task that could not be run, and why."""

    task: PointTask
    why: str


class Executor(Protocol):
    """Runs tasks."""

    def submit(self, task: PointTask) -> None:
        """Take a task; it returns at once."""

    def as_completed(self) -> Iterator[Done | Raised | None]:
        """Each task that was submitted, as it ends. None, several times a second, while nothing has ended."""

    def close(self) -> None:
        """Let go of everything; what still runs is killed."""
