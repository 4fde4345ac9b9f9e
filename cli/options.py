"""Options that several commands share, worded once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from cli.views.say import DATA_DIR_VARIABLE
from core.named_commands import DEFAULT_FOLDER
from core.plain_number import number_advice, plain_number, plain_whole
from core.text import shown

N = TypeVar("N", int, float)

DEFAULT_DATA_DIR = Path(DEFAULT_FOLDER)
DEFAULT_STRATEGY = Path("strategy.yaml")
ROWS_MAX = 1_000_000_000
"""More rows than any command can show, and within what SQLite and Python can count."""
SEED_MAX = 2**63 - 1
CONTRACTS_MAX = 1_000_000
"""More than any position has."""
_METAVAR_LENGTH_MAX = 24


def named_path(text: str | Path) -> Path:
    """The path that was named. Blank is refused: it would be the current folder, and comes of a variable
    that a script has not set."""
    if not str(text).strip():
        raise typer.BadParameter("expected a path, found nothing")
    return Path(text)


def number_option(low: float, high: float, *names: str, text: str) -> Any:
    """An option that takes a number in [low, high], in plain decimal digits."""
    read = _reader(plain_number, float, f"a number from {low:g} to {high:g}", low, high)
    return typer.Option(*names, metavar=_span(f"{low:g}", f"{high:g}"), parser=read, help=text)


def whole_option(low: int, high: int, *names: str, text: str) -> Any:
    """An option that takes a whole number in [low, high], in plain decimal digits."""
    read = _reader(plain_whole, int, f"a whole number from {low} to {high}", low, high)
    return typer.Option(*names, metavar=_span(str(low), str(high)), parser=read, help=text)


def whole_argument(low: int, high: int, *, name: str, text: str) -> Any:
    """The same as an argument without a name of its own."""
    read = _reader(plain_whole, int, f"a whole number from {low} to {high}", low, high)
    return typer.Argument(metavar=name, parser=read, help=text)


def day_option(*names: str, text: str) -> Any:
    """An option that takes a day; what it gives is the day's beginning, without a zone."""
    return typer.Option(*names, metavar="DAY", parser=_day, help=text)


def _day(text: Any) -> datetime:
    if isinstance(text, datetime):
        return text
    try:
        return datetime.strptime(str(text), "%Y-%m-%d")  # noqa: DTZ007
    except ValueError:
        raise typer.BadParameter(f"expected a day such as 2026-01-05, found {shown(text)}") from None


def _span(low: str, high: str) -> str:
    return f"{low}..{high}" if len(low + high) <= _METAVAR_LENGTH_MAX else "N"


def _reader(
    plain: Callable[[str], N | None], kind: Callable[[Any], N], expected: str, low: N, high: N
) -> Callable[[Any], N]:
    """What reads the option's text; a default comes in as the number that it is."""

    def read(found: Any) -> N:
        value = plain(found) if isinstance(found, str) else kind(found)
        if value is not None and low <= value <= high:
            return value
        advice = number_advice(found) if value is None else ""
        raise typer.BadParameter(f"expected {expected}, found {shown(found)}{'; ' if advice else ''}{advice}")

    return read


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
    float, number_option(0, 86_400, "--wait", text="How many seconds to wait for the end of what was asked.")
]
