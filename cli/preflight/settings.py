"""The checks of what a person has written: the environment variables and the strategy."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from cli.commands.config import capital_warnings
from cli.preflight.line import Check, Line, State
from config import LoadedStrategy, Settings, sent_in_clear
from core.errors import ConfigError, InputError
from core.protection_settings import ProtectionsSection
from core.strategy import Strategy
from core.values import Environment

BOUNDS = ("drawdown_max_frac", "loss_max_multiple", "losing_trades_max")
"""The settings of `protections` that stop a strategy which loses."""


def variables(settings: Settings | InputError) -> Line:
    """Settings that were read, or why they could not be."""
    if isinstance(settings, InputError):
        return Line(
            Check.VARIABLES,
            State.NOT,
            " · ".join(map(str, settings.args)),
            "correct .env and load it: set -a; . ./.env; set +a",
        )
    return Line(Check.VARIABLES, State.OK, f"upstream host {settings.mcp.url}")


def secrets(env_file: Path) -> Line:
    """Rights of the file with the secrets. Raises OSError."""
    try:
        mode = stat.S_IMODE(env_file.stat().st_mode)
    except FileNotFoundError:
        return Line(
            Check.SECRETS,
            State.UNCHECKED,
            "no .env in this folder",
            "see that nobody else can read the file which holds the token",
        )
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Line(Check.SECRETS, State.NOT, f"others may use .env (mode {mode:04o})", "chmod 0600 .env")
    return Line(Check.SECRETS, State.OK, f".env has mode {mode:04o}")


def encryption(settings: Settings) -> Line:
    clear = sent_in_clear(settings.mcp, settings.channels)
    if clear:
        return Line(
            Check.ENCRYPTION,
            State.LOOK,
            " · ".join(clear),
            "use https://, unless that network is yours alone",
        )
    return Line(Check.ENCRYPTION, State.OK, "https://, or this machine only")


def heartbeat(settings: Settings) -> Line:
    """An engine that is dead can tell nobody."""
    if settings.heartbeat is None:
        return Line(
            Check.HEARTBEAT,
            State.LOOK,
            "none: nobody is told if the engine or its machine is dead",
            "set CERBERO_BITE_HEARTBEAT_URL to a service that calls you when the beats end",
        )
    return Line(Check.HEARTBEAT, State.OK, "set, called every minute while the engine is healthy")


def mode(settings: Settings) -> Line:
    found = f"mode {settings.mode.name}"
    if settings.mode.strategy:
        return Line(Check.MODE, State.OK, found)
    return Line(
        Check.MODE,
        State.LOOK,
        f"{found}: the engine only watches",
        "set CERBERO_BITE_ENABLE_STRATEGY=true if it shall trade",
    )


def strategy(loaded: LoadedStrategy | InputError) -> Line:
    """A strategy that was read, or why it could not be."""
    if isinstance(loaded, InputError):
        return Line(
            Check.STRATEGY, State.NOT, " · ".join(map(str, loaded.args)), "correct it: run.py config validate"
        )
    try:
        loaded.require_hash()
    except ConfigError as error:
        return Line(
            Check.STRATEGY,
            State.NOT,
            " · ".join(map(str, error.args)),
            "run.py config hash --write, if meant",
        )
    return Line(Check.STRATEGY, State.OK, f"sealed as {loaded.hash_computed[:12]}…")


def overrides(found: Iterable[str]) -> Line:
    listed = tuple(found)
    if listed:
        return Line(
            Check.OVERRIDES,
            State.LOOK,
            " · ".join(listed),
            "take out of strategy.local.yaml what is not meant",
        )
    return Line(Check.OVERRIDES, State.OK, "none")


def exits_when_armed(strategy: Strategy) -> Line:
    chosen = strategy.kill_switch.exits
    if chosen is not None:
        return Line(Check.EXITS_WHEN_ARMED, State.OK, chosen.value)
    if strategy.execution.environment is Environment.PAPER:
        return Line(
            Check.EXITS_WHEN_ARMED,
            State.LOOK,
            "not chosen; on paper that means allow_reduce_only",
            "choose kill_switch.exits before the environment is another one",
        )
    return Line(
        Check.EXITS_WHEN_ARMED,
        State.NOT,
        "not chosen: strategy mode does not start",
        "set kill_switch.exits to allow_reduce_only or block, then run.py config hash --write",
    )


def protections(section: ProtectionsSection) -> Line:
    off = [name for name in BOUNDS if getattr(section, name) is None]
    found = ", ".join(f"{name} {getattr(section, name):g}" for name in BOUNDS if name not in off)
    if not off:
        return Line(Check.PROTECTIONS, State.OK, found)
    state = State.NOT if len(off) == len(BOUNDS) else State.LOOK
    return Line(
        Check.PROTECTIONS,
        state,
        f"off: {', '.join(off)}" + (f"; on: {found}" if found else ""),
        "give them a bound under protections: nothing else stops a strategy that goes on losing",
    )


def capital(loaded: LoadedStrategy, equity_usd: float, spot_usd: float) -> Line:
    """Total equity against the smallest with which the strategy trades."""
    minimum = loaded.strategy.entry.capital_min_usd
    found = f"{equity_usd:,.0f} USD, at least {minimum:,.0f} USD is asked for"
    if equity_usd < minimum:
        return Line(
            Check.CAPITAL,
            State.NOT,
            found,
            "bring more capital: below entry.capital_min_usd nothing is entered",
        )
    enough = loaded.strategy.sizing.equity_spot_multiple * spot_usd
    warnings = capital_warnings(loaded)
    if equity_usd < enough:
        return Line(
            Check.CAPITAL,
            State.LOOK,
            f"{found}; one contract is 1 ETH, for which {enough:,.0f} USD would be comfortable",
            "expect that often not even one contract fits",
        )
    if warnings:
        return Line(Check.CAPITAL, State.LOOK, f"{found} · {warnings[0]}", "raise entry.capital_min_usd")
    return Line(Check.CAPITAL, State.OK, found)
