"""Tables that fit on their lines, beside the library that draws those that don't."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.views.aligned import aligned
from cli.views.lines import plain
from core.venue_text import CLOSE, OPEN, quoted

CELL = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x2FF, categories=("L", "N", "P"))
    | st.sampled_from((OPEN, CLOSE)),
    max_size=12,
)
ROWS = st.integers(1, 5).flatmap(
    lambda many: st.lists(st.lists(CELL, min_size=many, max_size=many), min_size=2, max_size=6)
)


@given(ROWS, st.integers(10, 90))
def test_a_table_that_fits_is_what_the_library_draws(rows: list[list[str]], width: int) -> None:
    columns, *others = rows
    console = Console(width=width, force_terminal=False, color_system=None, legacy_windows=False)
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(Text(name))
    for row in others:
        table.add_row(*map(Text, row))
    with console.capture() as drawn:
        console.print(table)
    lines = aligned(columns, others, width)
    if lines is not None:
        assert plain(lines) == [line.rstrip() for line in drawn.get().splitlines()]


def test_what_does_not_fit_and_what_is_of_unknown_width_is_left_to_the_library() -> None:
    assert aligned(["a", "b"], [["12345", "67890"]], 12) is not None
    assert aligned(["a", "b"], [["12345", "67890"]], 11) is None
    assert aligned(["a"], [[quoted("FOMC rate decision")]], 80) is not None
    assert aligned(["a"], [["本"]], 80) is None
    assert aligned(["a"], [["e\N{COMBINING ACUTE ACCENT}"]], 80) is None
