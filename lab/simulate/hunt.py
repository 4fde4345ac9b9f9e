"""Runs seeds one by one, and makes what they found smaller."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Final

from config import LoadedStrategy
from lab.engine import SimulatedEngine
from lab.invariants import Breach
from lab.invariants.life import same_trace
from lab.simulate.acts import Drawn
from lab.simulate.draw import BEGIN, draw
from lab.simulate.outcome import Found, WorldOutcome
from lab.simulate.world import World

MEMORY: Final = Path("/dev/shm")  # noqa: S108  (a run syncs thousands of times, and asks nothing of the disk)
SAME_TRACE: Final = 24
"""The statement that only a second run of a seed can break."""
Plant = Callable[[SimulatedEngine], None]


class Hunt:
    """One way of simulating: days, faults and schedule are the same for all seeds."""

    def __init__(
        self,
        *,
        days: float,
        profile: str,
        is_sparse: bool,
        loaded: LoadedStrategy,
        plant: Plant | None = None,
    ) -> None:
        self._wanted: Callable[[], bool] = _always
        self.days = days
        self.profile = profile
        self.is_sparse = is_sparse
        self._loaded = sparse(loaded) if is_sparse else loaded
        self._plant = plant

    def while_wanted(self, wanted: Callable[[], bool]) -> Hunt:
        """The same, each run of which raises `NotWantedError` once `wanted` is False."""
        same = copy(self)
        same._wanted = wanted
        return same

    def drawn(self, seed: int) -> Drawn:
        """What is drawn for the seed."""
        return draw(seed, self.days, self.profile)

    def run(self, drawn: Drawn) -> WorldOutcome:
        """One simulation in a folder of its own, which is removed."""
        folder = Path(tempfile.mkdtemp(prefix="simulate-", dir=MEMORY if MEMORY.is_dir() else None))
        try:
            # Alerts name the data folder: by a name that is the same in every run.
            with contextlib.chdir(folder):
                world = World(
                    drawn,
                    days=self.days,
                    folder=Path(),
                    loaded=self._loaded,
                    wanted=self._wanted,
                    plant=self._plant,
                )
                return world.run()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def run_twice(self, drawn: Drawn) -> WorldOutcome:
        """The same, and a second time: both must give the same trace."""
        outcome = self.run(drawn)
        if outcome.found is None:
            again = self.run(drawn)
            for text in same_trace(outcome.digest, again.digest):
                breach = Breach(SAME_TRACE, "the same seed, the same trace", text)
                outcome.found = Found(BEGIN, breach, (), frozenset({breach.number}))
        return outcome

    def shrunk(self, drawn: Drawn, number: int, tell: Callable[[frozenset[int]], None]) -> Drawn:
        """Fewer acts that break the same statement: delta debugging. `tell` is told those that are left."""

        run = self.run_twice if number == SAME_TRACE else self.run

        def breaks(numbers: frozenset[int]) -> bool:
            found = run(drawn.only(numbers)).found
            return found is not None and found.breach.number == number

        left = smallest([act.number for act in drawn.acts], breaks, tell)
        return drawn.only(frozenset(left))


def _always() -> bool:
    return True


def sparse(loaded: LoadedStrategy) -> LoadedStrategy:
    """The same strategy with fewer of the jobs that trade nothing."""
    section = loaded.strategy.scheduler
    few = section.model_copy(
        update={"snapshot_every_min": 1440, "health_every_min": 60, "backup_every_min": 1440}
    )
    return replace(loaded, strategy=loaded.strategy.model_copy(update={"scheduler": few}))


def smallest(
    numbers: list[int], breaks: Callable[[frozenset[int]], bool], tell: Callable[[frozenset[int]], None]
) -> list[int]:
    """A part of `numbers` that breaks, and of which no single one can be left out (Zeller's ddmin)."""
    parts = 2
    while len(numbers) >= 2:
        for kept in _complements(numbers, parts):
            if breaks(frozenset(kept)):
                numbers, parts = kept, max(parts - 1, 2)
                tell(frozenset(numbers))
                break
        else:
            if parts >= len(numbers):
                break
            parts = min(len(numbers), 2 * parts)
    if len(numbers) == 1 and breaks(frozenset()):
        return []
    return numbers


def _complements(numbers: list[int], parts: int) -> Iterator[list[int]]:
    """The list without one of so many parts, each in turn."""
    bounds = [len(numbers) * part // parts for part in range(parts + 1)]
    for first, last in itertools.pairwise(bounds):
        if last > first:
            yield numbers[:first] + numbers[last:]
