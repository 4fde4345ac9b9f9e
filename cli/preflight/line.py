"""The lines of the preflight: what is checked, when it is in order, and how one check came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from core.errors import CerberoError


class Check(StrEnum):
    """What is checked, in the order of the table."""

    VARIABLES = "variables"
    SECRETS = "secrets"
    ENCRYPTION = "encryption"
    MODE = "mode"
    STRATEGY = "strategy"
    OVERRIDES = "overrides"
    EXITS_WHEN_ARMED = "exits when armed"
    PROTECTIONS = "protections"
    DATA_FOLDER = "data folder"
    ENGINE = "engine"
    DISK = "disk"
    KILL_SWITCH = "kill switch"
    AUDIT_LOG = "audit log"
    BACKUPS = "backups"
    ANCHOR = "anchor"
    ROUTERS = "routers"
    TOKEN = "token"  # noqa: S105  (a word, not a token)
    ENVIRONMENT = "environment"
    ACCOUNT = "account"
    FEATURES = "features"
    CLOCK = "clock"
    CAPITAL = "capital"
    POSITIONS = "positions"
    CHANNELS = "channels"
    HEARTBEAT = "heartbeat"


IN_ORDER: Final[Mapping[Check, str]] = {
    Check.VARIABLES: "Every environment variable that is set can be used, and URL and token are set.",
    Check.SECRETS: "Nobody but you can read `.env` in the present folder.",
    Check.ENCRYPTION: "Nothing is sent in clear to another machine.",
    Check.MODE: "Strategy mode is on, so that the engine trades.",
    Check.STRATEGY: "`strategy.yaml` is valid and sealed, overridden limits and sizes too.",
    Check.OVERRIDES: "`strategy.local.yaml` overrides nothing; what it overrides is named.",
    Check.EXITS_WHEN_ARMED: "`kill_switch.exits` says what an armed switch does to exits.",
    Check.PROTECTIONS: "Drawdown, losses and losing streak each have a bound under `protections`.",
    Check.DATA_FOLDER: "Only you can write the data folder, or can make it, and it holds no paper account.",
    Check.ENGINE: "No engine runs on the data folder.",
    Check.DISK: "The data folder's disk has room for months.",
    Check.KILL_SWITCH: "The switch is not armed, and nothing that a person must lift blocks entries.",
    Check.AUDIT_LOG: "The audit log is whole and agrees with the database, if there is one already.",
    Check.BACKUPS: "The newest backup is whole, if there are books already.",
    Check.ANCHOR: "`audit.anchor_path` names a file on another disk that can be written.",
    Check.ROUTERS: "Every router of the upstream host answers.",
    Check.TOKEN: "The upstream host accepts the token.",
    Check.ENVIRONMENT: "The token selects the environment that `execution.environment` names.",
    Check.ACCOUNT: "The books in the data folder, if any, belong to this account.",
    Check.FEATURES: "The upstream host has every feature without which no order may leave.",
    Check.CLOCK: "The machine's clock differs from the venue's by no more than `execution.clock_skew_max_s`.",
    Check.CAPITAL: "Total equity reaches `entry.capital_min_usd`, and one contract usually fits.",
    Check.POSITIONS: "The account holds and has resting what the books know, and nothing else.",
    Check.CHANNELS: "An alert channel is set up, and each would take an alert now; nothing is sent.",
    Check.HEARTBEAT: "`CERBERO_BITE_HEARTBEAT_URL` is set, so that somebody notices if the engine is dead.",
}
"""When each line is in order."""


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    NOT = "not"
    LOOK = "look"
    """Allowed, but a person should know it and mean it."""
    UNCHECKED = "not checked"


class Line(NamedTuple):
    """One row of the table: what was found, and what to do about it (empty: nothing)."""

    check: Check
    state: State
    found: str
    do: str = ""


def guarded(check: Check, run: Callable[[], Line]) -> Line:
    """The check's own line; an error that says why it could not be made is a finding, too."""
    try:
        return run()
    except CerberoError as error:
        return Line(check, State.NOT, " · ".join(map(str, error.args)), "put that right")
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        return Line(check, State.NOT, f"{where}{error.strerror or error}", "look at that file and its rights")
