"""Control: the way for a person to query and command the running engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.control.engine import Engine
from actors.control.socket_path import choose_socket

if TYPE_CHECKING:
    from actors.control.actor import Control

__all__ = ["Control", "Engine", "choose_socket"]


def __getattr__(asked: str) -> object:
    """The room, imported when it is asked for: commands that read a file of this package go without it."""
    if asked == "Control":
        from actors.control.actor import Control

        return Control
    raise AttributeError(asked)
