"""Decision: owns every cycle from its due slot to its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.decision.actor import Decision

__all__ = ["Decision"]


def __getattr__(asked: str) -> object:
    """The room, imported when it is asked for: commands that read a file of this package go without it."""
    if asked == "Decision":
        from actors.decision.actor import Decision

        return Decision
    raise AttributeError(asked)
