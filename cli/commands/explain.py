"""`explain CYCLE_ID`: recompute a decision from the audit log alone and show that it is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from cli.views.say import say

app = typer.Typer(rich_markup_mode=None)


@app.command()
def explain(
    cycle_id: Annotated[
        str, typer.Argument(metavar="CYCLE_ID", help="The id of a cycle, as run.py state cycles shows it.")
    ],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Recompute what a cycle decided from what was recorded, to the byte; exit code 1 if it differs.

    Example: run.py explain entry-20260105T140000Z
    """
    from cli.views.output import show_json
    from config import code_version
    from core.errors import FoundWrongError
    from reading.decisions import explained
    from reading.json_forms import explained_json

    decisions = explained(data_dir, cycle_id)
    if as_json:
        show_json([explained_json(decision) for decision in decisions])
    else:
        for decision in decisions:
            say(*_with_texts(data_dir, decision.text).split("\n"))
    differing = [decision for decision in decisions if decision.difference is not None]
    if differing:
        fields = ", ".join(str(decision.difference) for decision in differing)
        others = sorted({decision.decided_by for decision in differing if decision.decided_by is not None})
        why = f"{cycle_id}: the record differs from its recomputation in {fields}"
        if others:
            why += (
                f"; it was decided by {', '.join(others)} and recomputed by {code_version()}, "
                "whose rules may differ: explain it with the version that decided"
            )
        raise FoundWrongError(why)
    if not as_json:
        say("the recomputation is the same to the byte")


def _with_texts(data_dir: Path, text: str) -> str:
    """The text with what venues said in it. The books are opened, and what reads them imported, only then."""
    from core.venue_text import OPEN

    if OPEN not in text:
        return text
    from reading.books import with_kept_texts

    return with_kept_texts(data_dir, text)
