"""Whose message it is: every message over every channel begins with it."""

from __future__ import annotations

from dataclasses import dataclass

from core.text import visible
from core.values import Environment


@dataclass(frozen=True)
class Sender:
    """Where the engine trades, and the name that a person has given it. Shown as `[TESTNET] my engine`."""

    environment: Environment
    instance: str

    def __str__(self) -> str:
        return f"[{self.environment.upper()}] {visible(self.instance)}"
