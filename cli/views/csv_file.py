"""Writes columns as a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from cli.result_files import write_result


def csv_written(option: str, path: Path, columns: Mapping[str, Sequence[str | int | float | None]]) -> None:
    """Write the columns with a head line; None is an empty field. Raises `InputError`, naming the option."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    write_result(option, path, text.getvalue())
