"""Audit: the append-only hash chain on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.lazy_face import lazy_face

if TYPE_CHECKING:
    from actors.audit.actor import Audit

__all__ = ["Audit"]

__getattr__ = lazy_face(__name__, {"actor": ("Audit",)})
