"""The points of a sweep: full strategies, each validated before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError, InputError
from lab.backtest.settings import BacktestSettings, load_settings
from lab.research.axes import Values


@dataclass(frozen=True)
class Point:
    """One strategy. `values` are what the sweep has put there; `number` counts all combinations from 1."""

    number: int
    values: Values
    settings: BacktestSettings

    @property
    def name(self) -> str:
        return named(self.values)


@dataclass(frozen=True)
class Impossible:
    """A combination that no engine would take, and why."""

    number: int
    values: Values
    why: str

    @property
    def name(self) -> str:
        return named(self.values)


def named(values: Values) -> str:
    """For instance `strikes.delta_target=0.15 exits.profit_of_credit=0.5`."""
    return " ".join(f"{key}={value}" for key, value in values) or "as the file has it"


def points_of(path: Path, combinations: Sequence[Values]) -> tuple[tuple[Point, ...], tuple[Impossible, ...]]:
    """Validate each combination.

    Raises `ConfigError` if the file itself is broken, `InputError` if no combination works.
    """
    load_settings(path)
    points: list[Point] = []
    impossible: list[Impossible] = []
    for number, values in enumerate(combinations, start=1):
        try:
            settings = load_settings(path, [f"{key}={value}" for key, value in values])
        except ConfigError as error:
            impossible.append(Impossible(number, values, str(error)))
        else:
            points.append(Point(number, values, settings))
    if not points:
        raise InputError(
            f"--set: expected a combination that can work, found none of {len(combinations)}",
            *(f"{each.name}: {each.why}" for each in impossible[:3]),
        )
    return tuple(points), tuple(impossible)
