"""State: the books in one SQLite database, and the order in which the audit chain grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.lazy_face import lazy_face

if TYPE_CHECKING:
    from actors.state.actor import State

__all__ = ["State"]

__getattr__ = lazy_face(__name__, {"actor": ("State",)})
