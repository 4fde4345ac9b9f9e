"""`trace ID`: everything that happened under one correlation (a cycle, an injected message)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from cli.views.say import say

app = typer.Typer(rich_markup_mode=None)


@app.command()
def trace(
    correlation: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a cycle or of an injected message.")
    ],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Show what is on record under an id, and as a tree with times which message led to which.

    The records come from the audit log; the tree comes from a running engine, as far back as it remembers.
    --json has every field of both.

    Example: run.py trace entry-20260105T140000Z
    """
    from cli.views.output import detail_text, show_json, show_table
    from core.errors import FoundWrongError
    from reading.audit import records_under, require_audit_log
    from reading.books import with_kept_texts
    from reading.engine_lock import running_engine
    from reading.json_forms import record_json, utc

    require_audit_log(data_dir)
    found = list(records_under(data_dir, correlation))
    envelopes: tuple[str, ...] = ()
    if running_engine(data_dir) is not None:
        envelopes = _remembered(data_dir, correlation)
    if not found and not envelopes:
        raise FoundWrongError(f"trace: nothing is recorded under {correlation!r}")
    if as_json:
        show_json({"audit": [record_json(record) for record in found], "envelopes": list(envelopes)})
        return
    details = with_kept_texts(data_dir, [record.detail for record in found])
    show_table(
        ("seq", "at", "kind", "detail"),
        (
            (str(record.seq), utc(record.at), record.kind, detail_text(detail))
            for record, detail in zip(found, details, strict=True)
        ),
        empty="no audit records",
    )
    if envelopes:
        from cli.views.trace_tree import tree_lines

        say("", *tree_lines(envelopes))


def _remembered(data_dir: Path, correlation: str) -> tuple[str, ...]:
    """The envelopes that a running engine still remembers. What asks it is imported only then."""
    from actors.control.wire import RequestName
    from core.messages.control import Trace
    from reading.control_client import ask_engine, request_of

    return ask_engine(data_dir, request_of(RequestName.TRACE, correlation=correlation), Trace).lines
