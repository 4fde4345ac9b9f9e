"""The status of a cell, and why a system ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from math import inf


class CellState(Enum):
    """Where a cell is in its life."""

    NEW = "new"
    STARTING = "starting"
    UP = "up"
    BACKOFF = "backoff"
    HELD = "held"  # stopped by rest_for_one, waiting for the one before it
    PARKED = "parked"
    STOPPED = "stopped"


@dataclass(frozen=True)
class CellStatus:
    """One cell at one moment."""

    name: str
    path: str
    state: CellState
    restarts: int
    epoch: int
    mailbox_depth: int
    overflowed: int
    busy_with: str | None
    busy_for_s: float
    last_error: str | None
    began_at: datetime | None = None
    """Market time at which its present or last life began; None before its first."""
    hang_limit_s: float = inf
    """For how long it may be busy with one message."""


class ExitKind(Enum):
    """Why the system ended."""

    STOPPED = "stopped"
    ROOT_EXHAUSTED = "root_exhausted"


@dataclass(frozen=True)
class ExitReason:
    """Why the system ended, with the error that used up the root's last restart."""

    kind: ExitKind
    error: BaseException | None = None
