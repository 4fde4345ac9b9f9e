"""Audit: the append-only hash chain on disk."""

from actors.audit.actor import Audit

__all__ = ["Audit"]
