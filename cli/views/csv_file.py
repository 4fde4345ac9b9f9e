"""Writes columns as a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import InputError


def csv_written(option: str, path: Path, columns: Mapping[str, Sequence[str | int | float | None]]) -> None:
    """Write the columns with a head line; None is an empty field. Raises `InputError`, naming the option."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    except OSError as error:
        raise InputError(f"{option} {path}: the file can't be written: {error.strerror}") from error
