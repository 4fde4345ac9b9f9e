"""Anchor: the audit log's head, kept outside of the data folder."""

from __future__ import annotations

from actors.anchor.actor import Anchor
from actors.anchor.file import DiskAnchor, holder_of

__all__ = ["Anchor", "DiskAnchor", "holder_of"]
