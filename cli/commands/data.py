"""`data check|sample|export`: what a recorded market holds, a record to try, and one of what was recorded."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    DEFAULT_DATA_DIR,
    SEED_MAX,
    AsJson,
    DataDir,
    day_option,
    named_path,
    number_option,
    whole_option,
)
from cli.sentences import SentenceGroup
from cli.views.say import say
from core.how_many import how_many

app = typer.Typer(
    cls=SentenceGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Check a recorded market before a replay relies on it, make a sample, or export what was recorded. "
    "Example: run.py data check sample",
)


@app.command()
def check(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            parser=named_path,
            help="The recorded chains, as for paper --chains, with the series beside them.",
        ),
    ],
    max_gap_h: Annotated[
        float | None,
        number_option(
            0.001,
            8760,
            text="Call what is more than so many hours apart a hole; if not given, as a replay does.",
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


@app.command()
def sample(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", parser=named_path, help="The new folder to write the record into."),
    ],
    days: Annotated[int, whole_option(1, 60, text="How many days to write.")] = 10,
    seed: Annotated[
        int, whole_option(-SEED_MAX, SEED_MAX, text="The seed that the model market is drawn from.")
    ] = 1,
) -> None:
    """Write days of the model market as a record, so that --chains can be tried without recorded data.

    The chains are in FOLDER/chains, the series beside them. It is a model: it proves nothing about a market.

    Example: run.py data sample sample
    """
    from gateway.paper.sample import write_sample

    chains, quotes = write_sample(folder, days, seed)
    say(
        f"{chains}: {how_many(days, 'day')}, {how_many(quotes, 'quote')}; replay them: "
        f"run.py paper --chains {shlex.quote(str(chains))} --days {days}"
    )


@app.command()
def export(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FOLDER", parser=named_path, help="The new folder to write into."),
    ],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    began: Annotated[
        datetime | None,
        day_option("--from", text="Begin on this day (UTC); if not given, with all."),
    ] = None,
    ended: Annotated[
        datetime | None,
        day_option("--to", text="End before this day (UTC); if not given, with all."),
    ] = None,
    parquet: Annotated[
        bool, typer.Option("--parquet", help="Write each table as Parquet, too (needs the extra parquet).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a folder of chains, as for --chains, of what an engine has recorded of the market.

    The chains are in FOLDER/chains, the series beside them. Names holes, and what is left out.

    Example: run.py data export --data-dir data --out exported
    """
    from cli.exporting import export_record, show_exported
    from cli.views.output import show_json

    found = export_record(data_dir, out, began, ended, parquet=parquet)
    if as_json:
        show_json(found)
    else:
        show_exported(found)
