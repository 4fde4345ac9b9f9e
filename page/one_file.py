"""A report as one HTML file: words and numbers first, then the charts; it needs no network and no server."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from page.charts import Chart, Table
from page.drawn import drawn, in_script
from page.plotly_script import plotly_script
from page.static_files import FOLDER, StaticFile, chunks

TEXTS = ("palette.css", "charts.css", "one_file.css", "charts.js", "unpack.js")
"""What stands in the file as it is."""


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
    script = StaticFile(plotly_script())
    plotly = b"".join(chunks(script.packed))
    environment = Environment(
        loader=PackageLoader("page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["in_script"] = in_script
    return environment.get_template("one_file.html").render(
        document=document,
        texts={name: (FOLDER / name).read_text("utf-8") for name in TEXTS},
        plotly=base64.b64encode(plotly).decode("ascii"),
        charts=[drawn(chart) for chart in document.charts],
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
