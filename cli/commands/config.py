"""`config validate|hash|show|schema|env`: the strategy file and the environment, without an engine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_STRATEGY, AsJson, StrategyFile
from cli.sentences import SentenceGroup
from cli.views.say import say

if TYPE_CHECKING:
    from config import LoadedStrategy

app = typer.Typer(
    cls=SentenceGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Check, seal and show the configuration. Example: run.py config validate --strategy strategy.yaml",
)


@app.command()
def validate(strategy: StrategyFile = DEFAULT_STRATEGY, as_json: AsJson = False) -> None:
    """Check the strategy file: its syntax, every value, impossible combinations, and its golden hash.

    Exit code 1 if something is wrong. Example: run.py config validate --strategy strategy.yaml
    """
    from cli.views.output import show_json
    from core.errors import ConfigError, FoundWrongError

    _require_readable(strategy)
    try:
        loaded = _load(strategy)
        loaded.require_hash()
    except ConfigError as error:
        # A bad file is this command's finding (exit code 1), not an input that kept it from running (2).
        raise FoundWrongError(*error.args) from None
    warnings = capital_warnings(loaded)
    if as_json:
        show_json(
            {
                "valid": True,
                "hash": loaded.hash_computed,
                "overrides": list(loaded.overrides),
                "warnings": list(warnings),
            }
        )
        return
    for override in loaded.overrides:
        say(f"override: {override}")
    for warning in warnings:
        say(f"warning: {warning}")
    say(f"{strategy}: valid, hash {loaded.hash_computed}")


@app.command(name="hash")
def hash_(
    strategy: StrategyFile = DEFAULT_STRATEGY,
    write: Annotated[bool, typer.Option("--write", help="Seal the file with its golden hash.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the golden hash of the file's settings, or write it into the file.

    --write also seals FILE.local.yaml beside it if that overrides limits, sizes,
    protections or the bounds on margin, and contract.yaml if there is one.

    Example: run.py config hash --write
    """
    from cli.views.output import show_json
    from config import (
        local_overrides_path,
        words_path,
        write_hash,
        write_local_hash,
        write_words_hash,
    )

    _require_readable(strategy)
    computed = write_hash(strategy) if write else _load(strategy).hash_computed
    local = write_local_hash(strategy) if write else None
    words = write_words_hash(strategy) if write else None
    if as_json:
        show_json({"hash": computed, "written": write, "local_hash": local, "contract_hash": words})
        return
    say(computed)
    if local is not None:
        say(f"{local_overrides_path(strategy)}: its overrides are sealed, too: {local}")
    if words is not None:
        say(f"{words_path(strategy)}: its words are sealed, too: {words}")


@app.command()
def show(strategy: StrategyFile = DEFAULT_STRATEGY, as_json: AsJson = False) -> None:
    """Show every setting as the engine would run with it, local overrides included.

    Example: run.py config show --json
    """
    import yaml

    from cli.views.output import show_json

    loaded = _load(strategy)
    values = loaded.strategy.model_dump(mode="json")
    if as_json:
        show_json(values)
        return
    for override in loaded.overrides:
        say(f"# override: {override}")
    say(*yaml.safe_dump(values, sort_keys=False).rstrip().split("\n"))


@app.command()
def schema() -> None:
    """Print the JSON schema of the strategy file: every key with its unit and range.

    Example: run.py config schema > strategy.schema.json
    """
    from cli.views.output import show_json
    from core.strategy import Strategy

    show_json(Strategy.model_json_schema())


@app.command()
def env(as_json: AsJson = False) -> None:
    """Show the environment variables that are read, which are set, and whether they can be used.

    Values of secrets are never shown. Example: run.py config env
    """
    from cli.views.output import show_json, show_table
    from config import VARIABLES, load_settings, shown_variable

    rows = [(name, shown_variable(os.environ, name), meaning) for name, meaning in VARIABLES.items()]
    if as_json:
        show_json({name: {"set": name in os.environ, "value": value} for name, value, _ in rows})
    else:
        show_table(("variable", "value", "meaning"), rows, empty="none")
    load_settings(os.environ)


def capital_warnings(loaded: LoadedStrategy) -> tuple[str, ...]:
    """A warning if `capital_min_usd` is too little for one contract (1 ETH) at the planning spot, else ()."""
    from core.rules.entry.sizing import thin_capital_warning

    entry, sizing = loaded.strategy.entry, loaded.strategy.sizing
    check = thin_capital_warning(
        entry.capital_min_usd, sizing.planning_spot_usd, sizing.dvol_reference_pts, sizing
    )
    if check.passed:
        return ()
    return (
        f"{check.code}: entry.capital_min_usd {entry.capital_min_usd:,.0f} is below "
        f"{check.threshold:,.0f} USD at a spot of {sizing.planning_spot_usd:,.0f} USD: "
        "one contract will often be too much",
    )


def _load(strategy: Path) -> LoadedStrategy:
    from config import load_strategy

    return load_strategy(strategy)


def _require_readable(path: Path) -> None:
    from config import NO_STRATEGY, content_of, unreadable
    from core.errors import InputError

    try:
        content_of(path)
    except OSError as error:
        raise InputError(f"--strategy {unreadable(path, error, NO_STRATEGY)}") from None
