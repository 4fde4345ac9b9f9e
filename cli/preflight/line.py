"""The lines of the preflight: what is checked, when it is in order, and how one check came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from core.errors import CerberoError


class PreflightCheck(StrEnum):
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


IN_ORDER: Final[Mapping[PreflightCheck, str]] = {
    PreflightCheck.VARIABLES: "Each variable that is set is known and can be used; URL and token are set.",
    PreflightCheck.SECRETS: "Nobody but you can read `.env` in the present folder.",
    PreflightCheck.ENCRYPTION: "Nothing is sent in clear to another machine.",
    PreflightCheck.MODE: "Strategy mode is on, so that the engine trades.",
    PreflightCheck.STRATEGY: "`strategy.yaml` is valid and sealed, overridden limits and sizes too.",
    PreflightCheck.OVERRIDES: "`strategy.local.yaml` overrides nothing; what it overrides is named.",
    PreflightCheck.EXITS_WHEN_ARMED: "`kill_switch.exits` says what an armed switch does to exits.",
    PreflightCheck.PROTECTIONS: "Drawdown, losses and losing streak each have a bound under `protections`.",
    PreflightCheck.DATA_FOLDER: "You alone can write the data folder, or make it; it holds no paper account.",
    PreflightCheck.ENGINE: "No engine runs on the data folder.",
    PreflightCheck.DISK: "The data folder's disk has room for months.",
    PreflightCheck.KILL_SWITCH: "It is not armed, and nothing that a person must lift blocks entries.",
    PreflightCheck.AUDIT_LOG: "The audit log is whole and agrees with the database, if there is one already.",
    PreflightCheck.BACKUPS: "The newest backup is whole, if there are books already.",
    PreflightCheck.ANCHOR: "`audit.anchor_path` names a file on another disk that can be written.",
    PreflightCheck.ROUTERS: "Every router of the upstream host answers.",
    PreflightCheck.TOKEN: "The upstream host accepts the token.",
    PreflightCheck.ENVIRONMENT: "The token selects the environment that `execution.environment` names.",
    PreflightCheck.ACCOUNT: "The books in the data folder, if any, belong to this account.",
    PreflightCheck.FEATURES: "The upstream host has every feature without which no order may leave.",
    PreflightCheck.CLOCK: "It differs from the venue's by no more than `execution.clock_skew_max_s`.",
    PreflightCheck.CAPITAL: "Total equity reaches `entry.capital_min_usd`, and one contract usually fits.",
    PreflightCheck.POSITIONS: "The account holds and has resting what the books know, and nothing else.",
    PreflightCheck.CHANNELS: "An alert channel is set up, and each would take an alert now; nothing is sent.",
    PreflightCheck.HEARTBEAT: "`CERBERO_BITE_HEARTBEAT_URL` is set: somebody notices a dead engine.",
}
"""When each line is in order."""


class LineState(StrEnum):
    """How a check came out."""

    OK = "ok"
    NOT = "not"
    LOOK = "look"
    """Allowed, but a person should know it and mean it."""
    UNCHECKED = "not checked"


class PreflightLine(NamedTuple):
    """One row of the table: what was found, and what to do about it (empty: nothing)."""

    check: PreflightCheck
    state: LineState
    found: str
    do: str = ""


def guarded(check: PreflightCheck, run: Callable[[], PreflightLine]) -> PreflightLine:
    """The check's own line; an error that says why it could not be made is a finding, too."""
    try:
        return run()
    except CerberoError as error:
        return PreflightLine(check, LineState.NOT, " · ".join(map(str, error.args)), "put that right")
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        return PreflightLine(
            check, LineState.NOT, f"{where}{error.strerror or error}", "look at that file and its rights"
        )
