"""Whose message it is: every message over every channel begins with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.text import visible
from core.values import Environment

UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Sender:
    """Where the engine trades, and the name that a person has given it. Shown as `[TESTNET] my engine`.

    `environment` is None if the strategy file, which says it, could not be read. `folder` is how a command
    names the engine's data folder; empty if commands take it by themselves.
    """

    environment: Environment | None
    instance: str
    folder: str = ""

    @property
    def environment_name(self) -> str:
        return UNKNOWN if self.environment is None else self.environment.value

    def __str__(self) -> str:
        return f"[{self.environment_name.upper()}] {visible(self.instance)}"
