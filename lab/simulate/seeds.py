"""Simulates seeds one after the other, or several at a time in processes of this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from time import process_time
from typing import Final

from lab.processes import Done, NotWantedError, Processes, Raised
from lab.simulate.acts import Drawn
from lab.simulate.hunt import Hunt
from lab.simulate.outcome import WorldOutcome

AGAIN_EVERY: Final = 25
"""Every so many seeds are run a second time, and have to give the same trace."""


@dataclass(frozen=True)
class SeedTask:
    """The simulation of one seed."""

    number: int


@dataclass(frozen=True)
class Simulated:
    """What a seed gave. `took_s`: CPU time."""

    outcome: WorldOutcome
    took_s: float


SeedEnd = Done[SeedTask, Simulated] | Raised[SeedTask]


@dataclass(frozen=True)
class Seeds:
    """How each seed is simulated; `only` these of its acts, if given. It is sent to the workers."""

    hunt: Hunt
    only: frozenset[int] | None = None

    def drawn(self, seed: int) -> Drawn:
        """What is played."""
        drawn = self.hunt.drawn(seed)
        return drawn if self.only is None else drawn.only(self.only)

    def __call__(self, wanted: Callable[[], bool]) -> Callable[[SeedTask], Simulated]:
        """What a worker runs its seeds with, as long as anybody waits for them."""
        be_quiet()
        return self.while_wanted(wanted).run

    def while_wanted(self, wanted: Callable[[], bool]) -> Seeds:
        """The same, given up once `wanted` is False."""
        return replace(self, hunt=self.hunt.while_wanted(wanted))

    def run(self, task: SeedTask) -> Simulated:
        """Simulate one seed here."""
        began_s = process_time()
        drawn = self.drawn(task.number)
        twice = task.number % AGAIN_EVERY == 0
        outcome = self.hunt.run_twice(drawn) if twice else self.hunt.run(drawn)
        return Simulated(outcome, process_time() - began_s)

    def as_completed(
        self, numbers: Sequence[int], jobs: int, wanted: Callable[[], bool]
    ) -> Iterator[SeedEnd]:
        """Each seed as it ends, as long as `wanted`; what is given up then does not end. What fails in a
        process is named; what fails in this one is raised."""
        tasks = [SeedTask(number) for number in numbers]
        if min(jobs, len(tasks)) <= 1:
            run = self(wanted)
            with suppress(NotWantedError):
                for task in tasks:
                    yield Done(task, run(task))
            return
        processes: Processes[SeedTask, Simulated] = Processes(jobs, self)
        for task in tasks:
            processes.submit(task)
        try:
            for ended in processes.as_completed():
                if ended is not None:
                    yield ended
                if not wanted():
                    return
        finally:
            processes.close()


def be_quiet() -> None:
    """What engines log of the faults that they are dealt is of no interest here."""
    logging.getLogger("actors").setLevel(logging.CRITICAL + 1)
