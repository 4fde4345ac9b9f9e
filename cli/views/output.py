"""What commands show: tables for people, JSON for machines. Colours only on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import BaseModel, JsonValue

from cli.views.aligned import aligned
from cli.views.painted import PIPE_WIDTH, page_width, show_lines
from cli.views.say import put, say
from core.text import visible
from reading.redacted import redacted

if TYPE_CHECKING:
    from rich.text import Text

DETAIL_LENGTH_MAX = 160


def show_json(value: JsonValue | BaseModel) -> None:
    """One JSON document on standard output, in ASCII."""
    plain: JsonValue = json.loads(value.model_dump_json()) if isinstance(value, BaseModel) else value
    put(json.dumps(_without_secrets(plain), indent=2) + "\n")


def cell(text: str) -> Text:
    """A cell of a table, or a part of a picture: the text as it is seen, never markup."""
    from rich.text import Text

    return Text(shown(text))


def shown(text: str) -> str:
    """The text as a part of a line: on one line, with nothing hidden in it."""
    return visible(redacted(text))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print a table, or `empty` if it has no rows: fitted to a terminal, in a pipe as wide as its content."""
    listed = [[shown(cell) for cell in row] for row in rows]
    if not listed:
        say(empty)
        return
    lines = aligned(columns, listed, page_width())
    if lines is None:
        _show_broken(columns, listed)
    else:
        show_lines(lines)


def _show_broken(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The table with its longest cells broken over several lines. Most tables do without this library, which
    takes a while to load."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(cell, row))
    # Not printed by rich: what can't be written must not end the command.
    with console.capture() as drawn:
        console.print(table)
    put(drawn.get())


def show_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Names and values, one a line, aligned."""
    listed = list(fields)
    width = max((len(name) for name, _ in listed), default=0)
    for name, value in listed:
        say(f"{name:<{width}}  {value}")


def detail_text(detail: dict[str, JsonValue]) -> str:
    """An audit record's detail on one line, cut if it is long; `audit show` and `--json` have all of it."""
    from core.audit.hash_chain import canonical_json

    text = canonical_json(detail)
    return text if len(text) <= DETAIL_LENGTH_MAX else f"{text[:DETAIL_LENGTH_MAX]}…"


def time_text(at: datetime | None) -> str:
    """UTC to the second, or a dash."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M:%S}Z"


def eth_text(amount_eth: Decimal) -> str:
    """ETH with its sign, to the venue's 1e-8."""
    return f"{amount_eth:+.8f}"


def usd_text(amount_usd: Decimal) -> str:
    """USD with its sign, to the cent."""
    return f"{amount_usd:+,.2f}"


def _without_secrets(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return redacted(value)
        case dict():
            return {redacted(key): _without_secrets(one) for key, one in value.items()}
        case list():
            return [_without_secrets(one) for one in value]
        case _:
            return value
