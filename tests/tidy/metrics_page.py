"""Writes the part of docs/metrics.md that the table of series makes: `python -m tests.tidy.metrics_page`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from reading.metrics.series import Series
from reading.metrics.table import CHAPTERS, TABLE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
BEGIN = "<!-- From here on made from reading/metrics/table.py by `make metrics-page`. -->\n"
END = "<!-- Made up to here. -->\n"


def section() -> str:
    """How many series there are, and a table for each chapter."""
    total = sum(len(series.keys) for series in TABLE)
    head = f"\n{total} series, {len(TABLE)} names.\n"
    return head + "".join(line for title, table in CHAPTERS.items() for line in _chapter(title, table)) + "\n"


def replaced(page: str) -> str:
    """The page with the section as the table makes it. Raises ValueError for a page without its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE}: expected the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}{section()}{END}{after}"


def _chapter(title: str, table: Iterable[Series]) -> Iterator[str]:
    yield f"\n### {title}\n| name | kind | what it says | label | series |\n|---|---|---|---|---|\n"
    for series in table:
        label = "" if series.label is None else f"`{series.label.name}`: {', '.join(series.keys)}"
        yield f"| `{series.name}` | {series.kind} | {series.says} | {label} | {len(series.keys)} |\n"


if __name__ == "__main__":
    PAGE.write_text(replaced(PAGE.read_text("utf-8")), "utf-8")
