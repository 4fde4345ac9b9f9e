"""The answer of a sweep, read back from the folder that `sweep --out` wrote (docs/research.md)."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from core.errors import InputError
from core.schema_words import wrong_by
from reading.result_file import read_result

FILE: Final = "sweep.json"
BYTES_MAX: Final = 256 * 2**20


class _ReadSweep(BaseModel):
    """Keys that are not needed here are passed over: a later version may write more of them."""

    model_config = ConfigDict(frozen=True)


class PointRun(_ReadSweep):
    """One run of a point; `report` is a file in the folder."""

    market: str
    trades: int
    pnl_usd: Decimal
    report: str | None


class SweptPoint(_ReadSweep):
    """One point with its figures."""

    number: int
    values: dict[str, str]
    trades: int
    won: int
    mean_r: float | None
    pnl_usd: Decimal
    drawdown_usd: float
    runs: tuple[PointRun, ...]


class SweptHeatMap(_ReadSweep):
    """Mean r a week: `cells[y][x]`."""

    x: str
    y: str
    xs: tuple[str, ...]
    ys: tuple[str, ...]
    cells: tuple[tuple[float | None, ...], ...]


class SweptAxis(_ReadSweep):
    """Settings that move together, step by step."""

    keys: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]


class SweepAnswer(_ReadSweep):
    """What the page shows of a sweep."""

    sentence: str
    told: tuple[str, ...]
    code: str
    axes: tuple[SweptAxis, ...]
    points: tuple[SweptPoint, ...]
    heat_maps: tuple[SweptHeatMap, ...] = ()

    @property
    def reports(self) -> frozenset[str]:
        """The files that belong to it; no other one is ever opened."""
        return frozenset(run.report for point in self.points for run in point.runs if run.report is not None)


def read_sweep(folder: Path, named: str = "--report") -> SweepAnswer:
    """The answer. Raises InputError that names the key if the folder is not that of a sweep."""
    file = folder / FILE
    if folder.is_dir() and not file.exists():
        raise InputError(
            f"{named} {folder}: expected a file, or the folder that `run.py sweep --out` wrote, found a "
            f"folder without {FILE}"
        )
    found = read_result(file, named, BYTES_MAX)
    try:
        return TypeAdapter(SweepAnswer).validate_json(json.dumps(found))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(f"{named} {file}: {key}: {wrong_by(first)}") from None
