"""Audit: the append-only hash chain on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.audit.actor import Audit

__all__ = ["Audit"]


def __getattr__(asked: str) -> object:
    """The room, imported when it is asked for: commands that read a file of this package go without it."""
    if asked == "Audit":
        from actors.audit.actor import Audit

        return Audit
    raise AttributeError(asked)
