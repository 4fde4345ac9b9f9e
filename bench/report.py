"""The benchmark's report: rows of one shape, printed as a table and kept in `bench.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

BENCH_JSON = Path(__file__).resolve().parent.parent / "bench.json"


@dataclass(frozen=True)
class Row:
    """One figure. `ratio` is value / baseline, if there is one; `target` says what `ok` was judged by."""

    name: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    target: str
    ok: bool


def row_at_least(name: str, value: float, unit: str, least: float, *, baseline: float | None = None) -> Row:
    """More is better: ok if the value (with a baseline: the ratio to it) is at least `least`."""
    ratio = None if baseline is None else value / baseline
    judged = value if ratio is None else ratio
    target = f">= {least:g} {unit}" if ratio is None else f">= {least:g} x"
    return Row(name, value, unit, baseline, ratio, target, judged >= least)


def row_at_most(name: str, value: float, unit: str, most: float, *, baseline: float | None = None) -> Row:
    """Less is better: ok if the value (with a baseline: the ratio to it) is at most `most`."""
    ratio = None if baseline is None else value / baseline
    judged = value if ratio is None else ratio
    target = f"<= {most:g} {unit}" if ratio is None else f"<= {most:g} x"
    return Row(name, value, unit, baseline, ratio, target, judged <= most)


def add_rows(rows: Iterable[Row], path: Path = BENCH_JSON) -> None:
    """Put rows into the list at `path`; each replaces an older one of its name."""
    new = {row.name: asdict(row) for row in rows}
    kept: list[dict[str, object]] = json.loads(path.read_text("utf-8")) if path.exists() else []
    merged = {str(row["name"]): row for row in kept}
    merged.update(new)
    path.write_text(json.dumps(list(merged.values()), indent=2) + "\n", "utf-8")


def print_table(rows: Iterable[Row]) -> None:
    """Print one line per figure to standard output."""
    for row in rows:
        baseline = "" if row.baseline is None else f"{row.baseline:,.2f}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f} x"
        sys.stdout.write(
            f"{row.name:<58} {row.value:>14,.2f} {row.unit:<8} {baseline:>14} {ratio:>8} "
            f"{row.target:>18} {'ok' if row.ok else 'MISSED'}\n"
        )
