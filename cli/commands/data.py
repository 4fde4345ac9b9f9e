"""`data check FOLDER`: what a recorded market holds, before a replay relies on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson, named_path, number_option

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Recorded markets. Example: run.py data check ../recorded/chains",
)


@app.callback()
def _root() -> None:
    """The options of the commands are their own; there are none above them."""


@app.command()
def check(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            parser=named_path,
            help="Recorded chains, as for paper --chains; series beside it.",
        ),
    ],
    max_gap_h: Annotated[
        float | None,
        number_option(
            0.001,
            8760,
            text="Hours between two snapshots; further apart is a hole. As a replay's, if not given.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read a record whole and show what it holds and lacks: chains, holes, index, DVOL, funding, events.

    FOLDER may also be the one that holds `chains` and the series. Exit code 1 if it can't be replayed.
    Example: run.py data check ../recorded/chains
    """
    from cli.views.output import show_json
    from cli.views.record_page import show_record
    from core.errors import FoundWrongError
    from gateway.paper.assumptions import MAX_GAP_H
    from gateway.paper.record_check import examined

    found = examined(folder, MAX_GAP_H if max_gap_h is None else max_gap_h)
    if as_json:
        show_json(found)
    else:
        show_record(found)
    if not found.usable:
        raise FoundWrongError(f"{folder}: {len(found.problems)} problems, it can't be replayed")
