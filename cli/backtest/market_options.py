"""The market of a backtest or a sweep, as options: worded and checked once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.options import day_option, named_path, number_option
from cli.result_files import require_apart, require_file, require_folder, require_outside
from core.errors import InputError

Columns = Annotated[
    Path | None,
    typer.Option(
        metavar="MAP",
        parser=named_path,
        help="The columns of a file of snapshots, which --chains names then (docs/backtest.md).",
    ),
]
Seeds = Annotated[
    str | None,
    typer.Option(metavar="N|A:B", help="The seed of the model market, or each from A to B."),
]
Began = Annotated[
    datetime | None,
    day_option("--from", text="Begin on this day (UTC); else with the market."),
]
Ended = Annotated[
    datetime | None,
    day_option("--to", text="End before this day (UTC); else with the record, or after a year."),
]
Assumptions = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="Set an assumption of the venue; give it once for each."),
]
ResumeAfterDays = Annotated[
    float | None,
    number_option(0, 3650, text="Have a person resume entries so long after a protection has stopped them."),
]


def require_one_market(
    *,
    chains: Path | None,
    columns: Path | None,
    model: bool,
    seeds: str | None,
    seeds_option: str,
    began: datetime | None,
    ended: datetime | None,
) -> None:
    """Raise `InputError`, naming the option, unless these are one market and a span of it."""
    if (chains is None) is not model:
        found = "both" if model else "neither"
        raise InputError(f"--chains DIR, --model: expected one of them, found {found}")
    if chains is not None and seeds is not None:
        raise InputError(f"{seeds_option}: expected with --model; a recorded market has no seed")
    if columns is not None and chains is None:
        raise InputError("--columns: expected --chains FILE too, whose columns it names")
    if began is not None and ended is not None and began >= ended:
        raise InputError(f"--to: expected a day after {began:%Y-%m-%d}, found {ended:%Y-%m-%d}")


def require_places(*, out: Path | None, json_file: Path | None, read: Mapping[str, Path | None]) -> None:
    """Raise `InputError` if an answer could not be written there, before hours are spent on it.

    `read`: the files that the command reads, by their options.
    """
    require_file("--json", json_file)
    require_folder("--out", out)
    require_outside("--json", json_file, "--out", out)
    require_apart({"--json": json_file}, read=read)
