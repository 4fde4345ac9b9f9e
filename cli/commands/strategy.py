"""`strategy explain [KEY]`: what a setting of `strategy.yaml` is, and what a wrong value of it costs."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import DEFAULT_STRATEGY, AsJson, StrategyFile
from cli.sentences import SentenceGroup
from cli.views.say import say

app = typer.Typer(
    cls=SentenceGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Explain the settings of the strategy. Example: run.py strategy explain exits.delta_max",
)


@app.callback()
def _root() -> None:
    """The options of the commands are their own; there are none above them."""


@app.command()
def explain(
    key: Annotated[
        str | None,
        typer.Argument(metavar="KEY", help="The setting, as exits.delta_max; without it all are listed."),
    ] = None,
    strategy: StrategyFile = DEFAULT_STRATEGY,
    as_json: AsJson = False,
) -> None:
    """Show what a setting is: unit, range, default, present value, and what a wrong value costs.

    A section, or a part of a key, shows all that it matches. The present value is that of --strategy, with
    its local overrides, if the file is there.

    Example: run.py strategy explain exits.delta_max
    """
    from cli.views.output import show_fields, show_json, show_table
    from config import load_strategy
    from config.settings_list import settings
    from core.errors import InputError

    loaded = load_strategy(strategy) if strategy.exists() else None
    known = list(settings(None if loaded is None else loaded.strategy))
    found = [one for one in known if key is None or one.key == key]
    if key is not None and not found:
        found = [one for one in known if key in one.key]
    if not found:
        raise InputError(f"KEY: expected a setting of the strategy, found {key!r}; run.py strategy explain")
    if as_json:
        show_json([one._asdict() for one in found])
        return
    if key is None:
        show_table(
            ("key", "present", "default", "allowed", "what it is"),
            ((one.key, one.present or "-", one.default, one.allowed, one.meaning) for one in found),
            empty="no settings",
        )
        return
    for place, one in enumerate(found):
        if place:
            say("")
        say(one.key)
        show_fields(
            [
                ("  what it is", one.meaning),
                ("  allowed", one.allowed or "any"),
                ("  default", one.default),
                ("  present", one.present or f"not known, {strategy} is not there"),
                ("  if wrong", one.consequence),
            ]
        )
    say("", "docs/strategy.md has the rules and the figures; after a change: run.py config hash --write")
