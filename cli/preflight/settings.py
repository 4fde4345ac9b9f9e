"""The checks of what a person has written: the environment variables and the strategy."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from cli.commands.config import capital_warnings
from cli.preflight.line import LineState, PreflightCheck, PreflightLine
from config import LoadedStrategy, Settings, sent_in_clear
from core.errors import ConfigError, InputError
from core.protection_settings import ProtectionsSection
from core.strategy import Strategy
from core.values import Environment

BOUNDS = ("drawdown_max_frac", "loss_max_multiple", "losing_trades_max")
"""The settings of `protections` that stop a strategy which loses."""


def variables(settings: Settings | InputError) -> PreflightLine:
    """Settings that were read, or why they could not be."""
    if isinstance(settings, InputError):
        return PreflightLine(
            PreflightCheck.VARIABLES,
            LineState.NOT,
            " · ".join(map(str, settings.args)),
            "correct .env and load it: set -a; . ./.env; set +a",
        )
    if settings.unknown:
        # Another program's may begin as ours do, but hardly be near one of ours, too.
        misspelt = any(each.near is not None for each in settings.unknown)
        return PreflightLine(
            PreflightCheck.VARIABLES,
            LineState.NOT if misspelt else LineState.LOOK,
            " · ".join(map(str, settings.unknown)),
            "correct the name, or take it out of .env and of the shell",
        )
    return PreflightLine(PreflightCheck.VARIABLES, LineState.OK, f"upstream host {settings.mcp.url}")


def secrets(env_file: Path) -> PreflightLine:
    """Rights of the file with the secrets. Raises OSError."""
    try:
        mode = stat.S_IMODE(env_file.stat().st_mode)
    except FileNotFoundError:
        return PreflightLine(
            PreflightCheck.SECRETS,
            LineState.UNCHECKED,
            "no .env in this folder",
            "see that nobody else can read the file which holds the token",
        )
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return PreflightLine(
            PreflightCheck.SECRETS, LineState.NOT, f"others may use .env (mode {mode:04o})", "chmod 0600 .env"
        )
    return PreflightLine(PreflightCheck.SECRETS, LineState.OK, f".env has mode {mode:04o}")


def encryption(settings: Settings) -> PreflightLine:
    clear = sent_in_clear(settings.mcp, settings.channels)
    if clear:
        return PreflightLine(
            PreflightCheck.ENCRYPTION,
            LineState.LOOK,
            " · ".join(clear),
            "use https://, unless that network is yours alone",
        )
    return PreflightLine(PreflightCheck.ENCRYPTION, LineState.OK, "https://, or this machine only")


def heartbeat(settings: Settings) -> PreflightLine:
    """An engine that is dead can tell nobody."""
    if settings.heartbeat is None:
        return PreflightLine(
            PreflightCheck.HEARTBEAT,
            LineState.LOOK,
            "none: nobody is told if the engine or its machine is dead",
            "set CERBERO_BITE_HEARTBEAT_URL to a service that calls you when the beats end",
        )
    return PreflightLine(
        PreflightCheck.HEARTBEAT, LineState.OK, "set, called every minute while the engine is healthy"
    )


def mode(settings: Settings) -> PreflightLine:
    found = f"mode {settings.mode.name}"
    if settings.mode.strategy:
        return PreflightLine(PreflightCheck.MODE, LineState.OK, found)
    return PreflightLine(
        PreflightCheck.MODE,
        LineState.LOOK,
        f"{found}: the engine only watches",
        "set CERBERO_BITE_ENABLE_STRATEGY=true if it shall trade",
    )


def strategy(loaded: LoadedStrategy | InputError) -> PreflightLine:
    """A strategy that was read, or why it could not be."""
    if isinstance(loaded, InputError):
        return PreflightLine(
            PreflightCheck.STRATEGY,
            LineState.NOT,
            " · ".join(map(str, loaded.args)),
            "correct it: run.py config validate",
        )
    try:
        loaded.require_hash()
    except ConfigError as error:
        return PreflightLine(
            PreflightCheck.STRATEGY,
            LineState.NOT,
            " · ".join(map(str, error.args)),
            "run.py config hash --write, if meant",
        )
    return PreflightLine(PreflightCheck.STRATEGY, LineState.OK, f"sealed as {loaded.hash_computed[:12]}…")


def overrides(found: Iterable[str]) -> PreflightLine:
    listed = tuple(found)
    if listed:
        return PreflightLine(
            PreflightCheck.OVERRIDES,
            LineState.LOOK,
            " · ".join(listed),
            "take out of strategy.local.yaml what is not meant",
        )
    return PreflightLine(PreflightCheck.OVERRIDES, LineState.OK, "none")


def exits_when_armed(strategy: Strategy) -> PreflightLine:
    chosen = strategy.kill_switch.exits
    if chosen is not None:
        return PreflightLine(PreflightCheck.EXITS_WHEN_ARMED, LineState.OK, chosen.value)
    if strategy.execution.environment is Environment.PAPER:
        return PreflightLine(
            PreflightCheck.EXITS_WHEN_ARMED,
            LineState.LOOK,
            "not chosen; on paper that means allow_reduce_only",
            "choose kill_switch.exits before the environment is another one",
        )
    return PreflightLine(
        PreflightCheck.EXITS_WHEN_ARMED,
        LineState.NOT,
        "not chosen: strategy mode does not start",
        "set kill_switch.exits to allow_reduce_only or block, then run.py config hash --write",
    )


def protections(section: ProtectionsSection) -> PreflightLine:
    off = [name for name in BOUNDS if getattr(section, name) is None]
    found = ", ".join(f"{name} {getattr(section, name):g}" for name in BOUNDS if name not in off)
    if not off:
        return PreflightLine(PreflightCheck.PROTECTIONS, LineState.OK, found)
    state = LineState.NOT if len(off) == len(BOUNDS) else LineState.LOOK
    return PreflightLine(
        PreflightCheck.PROTECTIONS,
        state,
        f"off: {', '.join(off)}" + (f"; on: {found}" if found else ""),
        "give them a bound under protections: nothing else stops a strategy that goes on losing",
    )


def capital(loaded: LoadedStrategy, equity_usd: float, spot_usd: float) -> PreflightLine:
    """Total equity against the smallest with which the strategy trades."""
    minimum = loaded.strategy.entry.capital_min_usd
    found = f"{equity_usd:,.0f} USD, at least {minimum:,.0f} USD is asked for"
    if equity_usd < minimum:
        return PreflightLine(
            PreflightCheck.CAPITAL,
            LineState.NOT,
            found,
            "bring more capital: below entry.capital_min_usd nothing is entered",
        )
    enough = loaded.strategy.sizing.equity_spot_multiple * spot_usd
    warnings = capital_warnings(loaded)
    if equity_usd < enough:
        return PreflightLine(
            PreflightCheck.CAPITAL,
            LineState.LOOK,
            f"{found}; one contract is 1 ETH, for which {enough:,.0f} USD would be comfortable",
            "expect that often not even one contract fits",
        )
    if warnings:
        return PreflightLine(
            PreflightCheck.CAPITAL, LineState.LOOK, f"{found} · {warnings[0]}", "raise entry.capital_min_usd"
        )
    return PreflightLine(PreflightCheck.CAPITAL, LineState.OK, found)
