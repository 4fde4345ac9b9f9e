"""Options that several commands share, worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DATA_DIR = Path("data")
DATA_DIR_VARIABLE = "CERBERO_BITE_DATA_DIR"
"""Names the data folder where `--data-dir` does not; blank counts as not set."""
DEFAULT_STRATEGY = Path("strategy.yaml")
ROWS_MAX = 1_000_000_000
"""More rows than any command can show, and within what SQLite and Python can count."""


def named_path(text: str | Path) -> Path:
    """The path that was named. Blank is refused: it would be the current folder, and comes of a variable
    that a script has not set."""
    if not str(text).strip():
        raise typer.BadParameter("expected a path, found nothing")
    return Path(text)


DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        parser=named_path,
        envvar=DATA_DIR_VARIABLE,
        help="The folder of the books, the audit log and the lock.",
    ),
]
StrategyFile = Annotated[
    Path,
    typer.Option(
        "--strategy",
        metavar="FILE",
        parser=named_path,
        help="The strategy; FILE.local.yaml beside it overrides single keys.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without a question, as a script must.")]
WaitS = Annotated[
    float,
    typer.Option(
        "--wait",
        metavar="SECONDS",
        min=0,
        max=86_400,
        help="How long to wait for the end of what was asked.",
    ),
]
