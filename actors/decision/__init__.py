"""Decision: owns every cycle from its due slot to its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.lazy_face import lazy_face

if TYPE_CHECKING:
    from actors.decision.actor import Decision

__all__ = ["Decision"]

__getattr__ = lazy_face(__name__, {"actor": ("Decision",)})
