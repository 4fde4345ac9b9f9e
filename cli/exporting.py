"""`data export`: what is written, and the page about it."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cli.views.output import show_fields
from cli.views.say import say
from core.contract import iso_utc
from core.errors import InputError
from gateway.paper.assumptions import MAX_GAP_H
from gateway.paper.export import Exported, Table, export
from gateway.paper.new_folder import write_part
from gateway.paper.recorded import first_monday

HOLES_SHOWN: Final = 10
PARQUET_FOLDER: Final = "as_parquet"
"""A name that ends with `parquet` alone would be taken for a file that is not read."""
_TEXT: Final = frozenset({"instrument_name", "exchange", "name", "country", "importance"})
_TIMES: Final = frozenset({"timestamp", "told_at", "scheduled_at"})


def export_record(
    data_dir: Path, out: Path, began: datetime | None, ended: datetime | None, *, parquet: bool
) -> Exported:
    """Raises `InputError`."""
    if began is not None and ended is not None and began >= ended:
        raise InputError(f"--to: expected a day after {began:%Y-%m-%d}, found {ended:%Y-%m-%d}")
    return export(
        data_dir,
        out,
        began=None if began is None else began.replace(tzinfo=UTC),
        ended=None if ended is None else ended.replace(tzinfo=UTC),
        max_gap=timedelta(hours=MAX_GAP_H),
        also=_parquet_table() if parquet else None,
    )


def show_exported(found: Exported) -> None:
    """Print what was written, what is missing in it, and how to use it."""
    for hole in found.holes[:HOLES_SHOWN]:
        say(f"hole: no quotes from {iso_utc(hole.last_snapshot)} to {iso_utc(hole.next_snapshot)}")
    if len(found.holes) > HOLES_SHOWN:
        say(f"and {len(found.holes) - HOLES_SHOWN} holes more")
    made = (("index", found.index_hours), ("DVOL", found.dvol_hours))
    show_fields(
        (
            ("chains", found.chains),
            ("from, to", f"{iso_utc(found.first)} to {iso_utc(found.last)}"),
            ("snapshots", f"{found.snapshots:,} with {found.quotes:,} quotes"),
            ("decisions", f"{found.decisions:,} with all that they read"),
            ("left out", ", ".join(f"{what} {times}" for what, times in found.left_out.items()) or "nothing"),
            (
                "hours not told",
                ", ".join(
                    f"{what} {hours.made} made of snapshots, {hours.flat} flat" for what, hours in made
                ),
            ),
            ("cut off", ", ".join(found.cut) or "no file"),
        )
    )
    assume = " ".join(f"--assume {each}" for each in found.assume)
    chains = shlex.quote(str(found.chains))
    say(f"check it: run.py data check {chains}")
    if first_monday(found.first) >= found.last:
        say("no replay: one begins on a Monday at 00:00 UTC, which these days do not hold")
        return
    say(f"run on it: run.py backtest --chains {chains} {assume}".rstrip())


def _parquet_table() -> Table:
    """Writes into a folder of its own, columns by their kind. Raises `InputError` without the extra."""
    try:
        arrow, writer = map(importlib.import_module, ("pyarrow", "pyarrow.parquet"))
    except ImportError:
        raise InputError(
            "--parquet: needs the extra: make venv-research, or pip install 'cerbero-bite[parquet]'"
        ) from None

    def write(folder: Path, name: str, header: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
        path = folder / PARQUET_FOLDER / f"{name}.parquet"
        columns: dict[str, Any] = {}
        for place, column in enumerate(header):
            values = [row[place] for row in rows]
            if column in _TEXT:
                columns[column] = arrow.array(values, arrow.string())
            elif column in _TIMES:
                times = [datetime.fromisoformat(value) for value in values]
                columns[column] = arrow.array(times, arrow.timestamp("us", tz="UTC"))
            else:
                columns[column] = arrow.array([float(value) if value else None for value in values])
        made = arrow.BufferOutputStream()
        writer.write_table(arrow.table(columns), made)
        write_part(path, made.getvalue().to_pybytes())

    return write
