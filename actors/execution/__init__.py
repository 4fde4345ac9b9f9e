"""Execution: orders from proposal to final state, recovery, settlement."""

from __future__ import annotations

from actors.execution.account_lock import AccountLock, MachineAccountLock
from actors.execution.actor import Execution

__all__ = ["AccountLock", "Execution", "MachineAccountLock"]
