"""The page over the folder of a sweep: its sentence, its points, and the report of each one click away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from page.charts import Chart, HeatFacts, LineFacts, heat_chart, parallel_chart
from page.drawn import DrawnChart, drawn
from page.finished import FinishedViews
from page.panels.shown import plain
from page.view import View
from reading.sweep_file import SweepAnswer, SweptPoint, read_sweep

HEAT_MAPS_MAX: Final = 15
REPORTS_KEPT: Final = 8
ROWS_MAX: Final = 1_000
NOT_KEPT: Final = "a sweep keeps the report of a run alone"


@dataclass(frozen=True, slots=True)
class ReportLink:
    """Where a run's report is shown."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class PointRow:
    """A point as its row of the table."""

    number: int
    settings: str
    cells: tuple[str, ...]
    reports: tuple[ReportLink, ...]


@dataclass(frozen=True, slots=True)
class SweepView:
    """All that the page shows, the best points first; `left_out` are those beyond `ROWS_MAX`."""

    title: str
    name: str
    sentence: str
    told: tuple[str, ...]
    rows: tuple[PointRow, ...]
    left_out: int
    charts: tuple[DrawnChart, ...]

    def chart(self, name: str) -> DrawnChart | None:
        return next((each for each in self.charts if each.name == name), None)


class SweepPages:
    """One view for ever, and those of the reports that were looked at last. Used by several threads."""

    def __init__(self, folder: Path) -> None:
        """Raises InputError that names the key if the folder is not that of a sweep."""
        self._folder = folder
        self._answer = read_sweep(folder)
        self.view = _view(folder.resolve().name, self._answer)
        self._reports: dict[str, View] = {}
        self._lock = Lock()

    def report(self, name: str) -> View | None:
        """The report of a run by the name of its file; None if this sweep has none of that name.

        Raises InputError if the file is not what the sweep wrote.
        """
        path = f"points/{name}"
        if path not in self._answer.reports:
            return None
        with self._lock:
            known = self._reports.get(name)
        if known is not None:
            return known
        made = FinishedViews(self._folder / "points" / name, NOT_KEPT).view()
        with self._lock:
            while len(self._reports) >= REPORTS_KEPT:
                del self._reports[next(iter(self._reports))]
            self._reports[name] = made
        return made


def _view(name: str, answer: SweepAnswer) -> SweepView:
    ordered = sorted(
        answer.points, key=lambda each: (each.mean_r is None, -(each.mean_r or 0.0), each.number)
    )
    return SweepView(
        title=f"sweep {plain(name)}",
        name=plain(name),
        sentence=plain(answer.sentence),
        told=tuple(plain(each) for each in (*answer.told, f"code {answer.code}")),
        rows=tuple(_row(each) for each in ordered[:ROWS_MAX]),
        left_out=max(0, len(ordered) - ROWS_MAX),
        charts=tuple(drawn(each) for each in _charts(answer)),
    )


def _row(point: SweptPoint) -> PointRow:
    return PointRow(
        number=point.number,
        settings=plain(_settings(point)),
        cells=(
            str(point.trades),
            str(point.won),
            "-" if point.mean_r is None else f"{point.mean_r:+.4f}",
            f"{point.pnl_usd:+,.2f}",
            f"{point.drawdown_usd:,.2f}",
        ),
        reports=tuple(
            ReportLink(plain(run.market), f"/report/{run.report.removeprefix('points/')}")
            for run in point.runs
            if run.report is not None
        ),
    )


def _charts(answer: SweepAnswer) -> list[Chart]:
    charts = [
        heat_chart(
            HeatFacts(
                f"heat-{number}",
                plain(heat.x),
                plain(heat.y),
                tuple(map(plain, heat.xs)),
                tuple(map(plain, heat.ys)),
                heat.cells,
            )
        )
        for number, heat in enumerate(answer.heat_maps[:HEAT_MAPS_MAX], start=1)
    ]
    axes = [axis for axis in answer.axes if len(axis.steps) > 1]
    lines = []
    for point in answer.points:
        if point.mean_r is None:
            continue
        steps = [axis.steps.index(tuple(point.values[key] for key in axis.keys)) for axis in axes]
        lines.append(
            LineFacts(
                label=f"point {point.number}",
                places=tuple(step / (len(axis.steps) - 1) for step, axis in zip(steps, axes, strict=True)),
                words=tuple(
                    plain(", ".join(axis.steps[step])) for step, axis in zip(steps, axes, strict=True)
                ),
                mean_r=point.mean_r,
            )
        )
    if axes and lines:
        charts.append(parallel_chart([plain(axis.keys[0]) for axis in axes], lines))
    return charts


def _settings(point: SweptPoint) -> str:
    return " ".join(f"{key}={value}" for key, value in point.values.items()) or "as the file has it"
