"""Snapshots of chains with columns of their own: from CSV or Parquet, by a small YAML, into plain arrays."""

from __future__ import annotations

from pathlib import Path

from core.errors import InputError
from lab.backtest.column_map import ColumnMap, Columns, read_map

__all__ = ["ColumnMap", "Columns", "read_columns", "read_map", "require_file"]


def require_file(path: Path) -> None:
    """Raises `InputError` if it is none. Whoever opens a pipe waits for the other end of it."""
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no plain file" if path.exists() else "none"
        raise InputError(f"{path}: expected a file of snapshots (.parquet, .csv or .csv.gz), found {found}")


def read_columns(path: Path, names: ColumnMap) -> Columns:
    """Read the file and check every row of it.

    Raises `InputError`, naming file, line or row, column, what was expected and what was found.
    """
    require_file(path)
    # A run on columns that were kept reads neither form.
    if path.name.lower().endswith(".parquet"):
        from lab.backtest.columns_parquet import read_parquet

        return read_parquet(path, names)
    if path.name.lower().endswith((".csv", ".csv.gz")):
        from lab.backtest.columns_csv import read_csv

        return read_csv(path, names)
    raise InputError(f"{path}: expected a name that ends with .parquet, .csv or .csv.gz")
