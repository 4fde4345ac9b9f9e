"""State: the books in one SQLite database, and the order in which the audit chain grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.state.actor import State

__all__ = ["State"]


def __getattr__(asked: str) -> object:
    """The room, imported when it is asked for: commands that read a file of this package go without it."""
    if asked == "State":
        from actors.state.actor import State

        return State
    raise AttributeError(asked)
