"""What a series is: its name, its kind, what it says, and the closed list of its label's values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from math import nan
from typing import Literal

PREFIX = "cerbero_bite_"


@dataclass(frozen=True)
class Label:
    """A label's name and every value that it can have."""

    name: str
    values: type[StrEnum]


@dataclass(frozen=True)
class Series:
    """One metric, with as many series as its label has values, or one. `name` is the whole one."""

    name: str
    kind: Literal["gauge", "counter"]
    says: str
    """A whole sentence, shown by Prometheus and in docs/metrics.md."""
    label: Label | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The values of its label; one empty word without a label."""
        return ("",) if self.label is None else tuple(self.label.values)


@dataclass
class Figures:
    """One value for each series of a table: NaN until it is known, so that there are always as many series.

    NaN is what Prometheus knows for "no value": every comparison with it is false, and a graph has a gap.
    """

    table: tuple[Series, ...]
    values: dict[Series, dict[str, float]] = field(init=False)

    def __post_init__(self) -> None:
        self.values = {series: dict.fromkeys(series.keys, nan) for series in self.table}

    def put(self, series: Series, value: float | bool | None, key: str = "") -> None:
        """Set one value; None leaves it unknown. Raises KeyError for what is not in the table."""
        known = self.values[series]
        if key not in known:
            raise KeyError(f"{series.name}: expected one of {', '.join(known)}, found {key!r}")
        if value is not None:
            known[key] = float(value)

    def put_all(self, series: Series, values: Iterable[tuple[str, float | bool]]) -> None:
        """Set each value of the label: those that are not among `values` to 0."""
        for key in series.keys:
            self.put(series, 0.0, key)
        for key, value in values:
            self.put(series, value, key)

    def mark(self, series: Series, keys: Iterable[str]) -> None:
        """Set these values of the label to 1, the others to 0."""
        self.put_all(series, ((key, 1.0) for key in keys))
