"""A chart as the page sends it: a still picture in the HTML, the figure as JSON, and the table."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from markupsafe import Markup

from page.charts import Chart, Table
from page.still import still


@dataclass(frozen=True, slots=True)
class Drawn:
    """`figure` is JSON as bytes, because it is sent and never read; `tag` changes with it."""

    name: str
    title: str
    says: str
    table: Table
    still: Markup
    figure: bytes
    tag: str


def drawn(chart: Chart) -> Drawn:
    """Everything that is sent of a chart."""
    figure = json.dumps(chart.figure, allow_nan=False, separators=(",", ":")).encode()
    return Drawn(
        name=chart.name,
        title=chart.title,
        says=chart.says,
        table=chart.table,
        still=still(chart.figure),
        figure=figure,
        tag=hashlib.sha256(figure).hexdigest()[:32],
    )


def in_script(figure: bytes) -> str:
    """A figure as JSON that no text in it can end the block of, whatever it says."""
    return figure.decode().replace("<", "\\u003c")
