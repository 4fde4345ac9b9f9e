"""Control: the way for a person to query and command the running engine."""

from __future__ import annotations

from actors.control.actor import Control
from actors.control.engine import Engine
from actors.control.socket_path import choose_socket

__all__ = ["Control", "Engine", "choose_socket"]
