"""`dry-run`: one entry and one monitor cycle on the real market, everything but placing orders."""

from __future__ import annotations

import os

import typer

from cli.options import DEFAULT_DATA_DIR, DEFAULT_STRATEGY, AsJson, DataDir, StrategyFile
from cli.views.say import say

app = typer.Typer(rich_markup_mode=None)


@app.command(name="dry-run")
def dry_run(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    strategy: StrategyFile = DEFAULT_STRATEGY,
    as_json: AsJson = False,
) -> None:
    """Decide an entry and an exit now and show them rule by rule; nothing is ordered and nothing is stored.

    Books and kill switch are read from --data-dir if there is one. With trading switched off it is decided
    as if it were on, which is said. Example: run.py dry-run --json
    """
    from cli.dry_cycle import DryDesk, known_engine
    from cli.upstream import tls_of
    from cli.views.output import show_json
    from config import load_settings, load_strategy

    settings = load_settings(os.environ)
    loaded = load_strategy(strategy)
    engine = known_engine(data_dir, loaded.strategy)
    tls = tls_of(settings.trust, settings.mcp.url)
    with DryDesk(settings.mcp, loaded.strategy, tls, loaded.contract_words, mode=settings.mode) as desk:
        entry = desk.entry(engine)
        exits = desk.exits(engine)
    if as_json:
        show_json({"entry": entry.as_json(), "exits": [decision.as_json() for decision in exits]})
        return
    for warning in entry.warnings:
        say(f"warning: {warning}")
    say(*entry.text.split("\n"))
    for decision in exits:
        say("")
        say(*decision.text.split("\n"))
    if not exits:
        say("", "exit: no open position")
