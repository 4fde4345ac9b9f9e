"""A table whose rows fit on their lines: columns as wide as their widest cell, two spaces between them."""

from __future__ import annotations

from collections.abc import Sequence

from cli.views.lines import Line, Span
from core.venue_text import CLOSE, OPEN

GAP = "  "
_ONE_COLUMN_BELOW = "\u0300"
"""Every visible character before this one takes one column of a terminal; others may take two, or none."""
_SIGNS = frozenset({OPEN, CLOSE})
"""Around the words of others: each takes one column."""


def aligned(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[Line] | None:
    """Its lines, the names of the columns first.

    None if a row does not fit into `width`, or if it takes a library to know how wide a character is.
    """
    every = [columns, *rows]
    characters = {character for row in every for cell in row for character in cell}
    if any(character >= _ONE_COLUMN_BELOW for character in characters - _SIGNS):
        return None
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    if sum(widths) + len(GAP) * (len(widths) - 1) > width:
        return None

    def line(row: Sequence[str]) -> str:
        return GAP.join(f"{cell:<{room}}" for cell, room in zip(row, widths, strict=True)).rstrip()

    return [(Span(line(columns), "bold"),), *((Span(line(row)),) for row in rows)]
