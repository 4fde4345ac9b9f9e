"""What commands show: tables for people, JSON for machines. Colours only on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from io import StringIO

import typer
from pydantic import BaseModel, JsonValue

from core.audit.hash_chain import canonical_json

DETAIL_LENGTH_MAX = 160


def show_json(value: JsonValue | BaseModel) -> None:
    """One JSON document on standard output."""
    if isinstance(value, BaseModel):
        value = json.loads(value.model_dump_json())
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print a table, or `empty` if it has no rows: fitted to a terminal, in a pipe as wide as its content."""
    listed = [list(row) for row in rows]
    if not listed:
        typer.echo(empty)
        return
    from rich.console import Console
    from rich.table import Table

    text = StringIO()
    console = Console()
    if not console.is_terminal:
        console = Console(width=400, file=text)
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in listed:
        table.add_row(*row)
    console.print(table)
    # Not printed by rich: if a reader such as `head` has gone, rich would end the command as a failure.
    typer.echo(text.getvalue(), nl=False)


def show_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Names and values, one a line, aligned."""
    listed = list(fields)
    width = max((len(name) for name, _ in listed), default=0)
    for name, value in listed:
        typer.echo(f"{name:<{width}}  {value}")


def detail_text(detail: dict[str, JsonValue]) -> str:
    """An audit record's detail on one line, cut if it is long; `audit show` and `--json` have all of it."""
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
