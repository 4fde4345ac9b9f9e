"""`audit verify|tail|show`: the audit chain, read from its files."""

from __future__ import annotations

from collections import deque
from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, ROWS_MAX, AsJson, DataDir, whole_argument, whole_option
from cli.sentences import SentenceGroup
from cli.views.say import say

app = typer.Typer(
    cls=SentenceGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Verify and read the audit log; works with and without an engine. Example: run.py audit verify",
)


@app.command()
def verify(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="SEQ:HASH", help="Prove that this head, which was told to you before, is in the log."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Check the canonical form of every record too.")
    ] = False,
    books: Annotated[
        bool,
        typer.Option("--books", help="Recompute the books from the log and compare them row by row."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Follow the chain over every byte; exit code 1 if acknowledged bytes are missing or changed.

    Without the books (cerbero.db), or if they can't be read, nothing says where the chain ends, and the
    verdict says so: the log is then judged by itself. With --books every row of the books must also be the
    one that the log makes; a difference names table, row and field.

    Example: run.py audit verify --strict
    """
    from cli.audit_check import examined
    from cli.views.output import show_json
    from core.audit.hash_chain import parse_head

    found = examined(data_dir, None if head is None else parse_head(head), strict=strict, books=books)
    if as_json:
        show_json(found.as_json())
    else:
        for line in found.lines():
            say(line)
    found.require_sound()


@app.command()
def tail(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    count: Annotated[
        int, whole_option(1, ROWS_MAX, "-n", "--lines", text="How many records to show, the newest.")
    ] = 20,
    kind: Annotated[str | None, typer.Option(help="Show only records of this kind, such as ORDER.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the last records.

    Example: run.py audit tail -n 50 --kind ORDER
    """
    from cli.views.output import detail_text, show_json, show_table
    from core.errors import InputError
    from core.messages.audit import AuditKind
    from reading.audit import records, require_audit_log
    from reading.json_forms import record_json, utc

    require_audit_log(data_dir)
    if kind is not None and kind not in AuditKind.__members__:
        raise InputError(f"--kind: expected one of {', '.join(AuditKind)}, found {kind!r}")
    last = deque((record for record in records(data_dir) if kind in (None, record.kind)), maxlen=count)
    if as_json:
        show_json([record_json(record) for record in last])
        return
    show_table(
        ("seq", "at", "kind", "correlation", "detail"),
        (
            (
                str(record.seq),
                utc(record.at),
                record.kind,
                record.correlation or "",
                detail_text(record.detail),
            )
            for record in last
        ),
        empty="no records",
    )


@app.command()
def show(
    seq: Annotated[int, whole_argument(1, ROWS_MAX, name="SEQ", text="The number of the record to show.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Show one record whole, as JSON.

    Example: run.py audit show 1
    """
    from cli.views.output import show_json
    from core.errors import FoundWrongError
    from reading.audit import records, require_audit_log
    from reading.json_forms import record_json

    require_audit_log(data_dir)
    for record in records(data_dir):
        if record.seq == seq:
            show_json(record_json(record))
            return
    raise FoundWrongError(f"audit: there is no record {seq}")
