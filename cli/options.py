"""Options that several commands share, worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DATA_DIR = Path("data")
DEFAULT_STRATEGY = Path("strategy.yaml")
ROWS_MAX = 1_000_000_000
"""More rows than any command can show, and within what SQLite and Python can count."""

DataDir = Annotated[
    Path, typer.Option("--data-dir", metavar="DIR", help="Folder of the books, the audit log and the lock.")
]
StrategyFile = Annotated[
    Path,
    typer.Option("--strategy", metavar="FILE", help="The strategy; FILE.local.yaml beside it overrides."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, for machines.")]
