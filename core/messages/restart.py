"""A person's restart of one room."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from pydantic import field_validator

from core.contract.base import Router
from core.messages.base import Answered, Command, Event

NEVER_RESTARTED: Mapping[str, str] = MappingProxyType(
    {
        "kill_switch": "what suspends entries is in its memory alone; stop the engine and start it instead",
        "state": "every room waits for the books meanwhile; stop the engine and start it instead",
        "audit": "nothing is acknowledged meanwhile; stop the engine and start it instead",
    }
)
"""Rooms that a person can't restart alone, each with what is expected instead."""


RESTARTED = (
    "alerting",
    "mcp.orders",
    "execution",
    *(f"mcp.{router.value}" for router in Router),
    "market_data",
    "decision",
    "health",
    "control",
    "scheduler",
)
"""Rooms that a person may restart. After mcp.orders, execution is restarted too."""


class RestartDone(Event):
    """The room is in a life that began after it was asked for."""

    request_id: str
    actor: str


class RestartWaits(Event):
    """The restart is still to come, or under way; `text` is for people."""

    request_id: str
    text: str


class RestartActor(Command, Answered[RestartDone | RestartWaits]):
    """End one room in order and let its supervisor start it again; its mail is kept.

    Answered by `RestartDone`, and before that by `RestartWaits`.
    """

    request_id: str
    actor: str
    reason: str
    at: datetime

    @field_validator("actor")
    @classmethod
    def _check_actor(cls, actor: str) -> str:
        if actor in NEVER_RESTARTED:
            raise ValueError(f"another room: {NEVER_RESTARTED[actor]}")
        if actor not in RESTARTED:
            raise ValueError(f"one of {', '.join(RESTARTED)}")
        return actor
