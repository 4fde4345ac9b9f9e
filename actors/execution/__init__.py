"""Execution: orders from proposal to final state, recovery, settlement."""

from __future__ import annotations

from actors.execution.actor import Execution

__all__ = ["Execution"]
