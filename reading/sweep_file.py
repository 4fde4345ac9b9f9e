"""The answer of a sweep, read back from the folder that `sweep --out` wrote (docs/research.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from core.errors import InputError
from reading.result_file import (
    REPORT_OPTION,
    ResultPart,
    WrittenDecimal,
    WrittenFloat,
    as_written,
    read_result,
)

FILE: Final = "sweep.json"
BYTES_MAX: Final = 256 * 2**20


class PointRun(ResultPart):
    """One run of a point; `report` is a file in the folder."""

    market: str
    trades: int
    pnl_usd: WrittenDecimal
    report: str | None


class SweptPoint(ResultPart):
    """One point with its figures."""

    number: int
    values: dict[str, str]
    trades: int
    won: int
    mean_r: WrittenFloat | None
    pnl_usd: WrittenDecimal
    drawdown_usd: WrittenFloat
    runs: tuple[PointRun, ...]


class SweptHeatMap(ResultPart):
    """Mean r a week: `cells[y][x]`."""

    x: str
    y: str
    xs: tuple[str, ...]
    ys: tuple[str, ...]
    cells: tuple[tuple[WrittenFloat | None, ...], ...]


class SweptAxis(ResultPart):
    """Settings that move together, step by step."""

    keys: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]


class SweepAnswer(ResultPart):
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


def read_sweep(folder: Path) -> SweepAnswer:
    """The answer. Raises InputError that names the key if the folder is not that of a sweep."""
    file = folder / FILE
    if folder.is_dir() and not file.exists():
        raise InputError(
            f"{REPORT_OPTION} {folder}: expected a file, or the folder that `run.py sweep --out` wrote, "
            f"found a folder without {FILE}"
        )
    return as_written(SweepAnswer, read_result(file, BYTES_MAX), f"{REPORT_OPTION} {file}")
