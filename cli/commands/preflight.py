"""`preflight`: what a program can check before an engine goes live, as a table."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import typer

from cli.options import DEFAULT_DATA_DIR, DEFAULT_STRATEGY, AsJson, DataDir, StrategyFile

app = typer.Typer(rich_markup_mode=None)


@app.command()
def preflight(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    strategy: StrategyFile = DEFAULT_STRATEGY,
    as_json: AsJson = False,
) -> None:
    """Check all that a program can check before the engine goes live; exit code 1 if a line says "not".

    It only reads at the upstream host and writes nothing. docs/going-live.md has the lines that only a person
    can check. Example: run.py preflight --data-dir data
    """
    from cli.preflight.line import LineState
    from cli.preflight.table import table
    from cli.views.output import show_json, show_table
    from cli.views.say import folder_spoken_of
    from config import LoadedStrategy, Settings, load_settings, load_strategy
    from core.errors import FoundWrongError, InputError
    from core.named_commands import typeable

    read: Settings | InputError
    loaded: LoadedStrategy | InputError
    try:
        read = load_settings(os.environ)
    except InputError as error:
        read = error
    try:
        loaded = load_strategy(strategy)
    except InputError as error:
        loaded = error
    folder = folder_spoken_of()
    lines = [
        line._replace(do=typeable(line.do, folder), found=typeable(line.found, folder))
        for line in table(read, loaded, data_dir, clock=lambda: datetime.now(UTC))
    ]
    if as_json:
        show_json([line._asdict() for line in lines])
    else:
        show_table(
            ("check", "state", "found", "what to do"),
            ((line.check, line.state, line.found, line.do or "-") for line in lines),
            empty="nothing was checked",
        )
    wrong = [line.check.value for line in lines if line.state is LineState.NOT]
    if wrong:
        raise FoundWrongError(f"not in order: {', '.join(wrong)}")
