"""A report as one HTML file: words and numbers first, then the charts; it needs no network and no server."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from page.charts import Chart, Table
from page.plotly_script import plotly_script

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Document:
    """What stands in the file, from top to bottom. `figures` are names with their values, as text."""

    title: str
    period: str
    figures: tuple[tuple[str, str], ...]
    charts: tuple[Chart, ...]
    tables: tuple[tuple[str, Table], ...]


def one_file(document: Document) -> str:
    """The file as text. Raises InputError where plotly is not installed."""
    environment = Environment(
        loader=PackageLoader("page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("one_file.html").render(
        document=document,
        style="\n".join(_text(name) for name in ("palette.css", "one_file.css")),
        charts_script=_text("charts.js"),
        unpack_script=_text("unpack.js"),
        plotly=_packed(plotly_script()),
        figures={chart.name: _in_script(chart) for chart in document.charts},
        rows=_rows(document.figures),
    )


def _rows(figures: Sequence[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Values under their names: one without a name belongs to the name before."""
    found: list[tuple[str, list[str]]] = []
    for name, value in figures:
        if name or not found:
            found.append((name, [value]))
        else:
            found[-1][1].append(value)
    return found


def _text(name: str) -> str:
    return (STATIC / name).read_text("utf-8")


def _packed(path: Path) -> str:
    """The script for a data block: a third of its size. The same bytes each time, as no time is in them."""
    return base64.b64encode(gzip.compress(path.read_bytes(), compresslevel=9, mtime=0)).decode("ascii")


def _in_script(chart: Chart) -> str:
    """A figure as JSON that no text in it can end the block of, whatever it says."""
    return json.dumps(chart.figure, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
