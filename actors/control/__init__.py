"""Control: the way for a person to query and command the running engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.control.engine import Engine
from actors.control.socket_path import choose_socket
from core.lazy_face import lazy_face

if TYPE_CHECKING:
    from actors.control.actor import Control

__all__ = ["Control", "Engine", "choose_socket"]

__getattr__ = lazy_face(__name__, {"actor": ("Control",)})
