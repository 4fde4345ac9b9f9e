"""The whole engine on one page, as control puts it together and a person sees it."""

from __future__ import annotations

from datetime import datetime

from pydantic import InstanceOf

from core.messages.base import Event
from core.messages.phone import PhoneStatus
from core.messages.room_status import (
    AlertingStatus,
    AuditStatus,
    DecisionStatus,
    ExecutionStatus,
    HealthStatus,
    KillSwitchStatus,
    Marks,
    RecoveryReport,
)
from core.orders.books import Job, OrderRow, Position
from core.strategy import Strategy
from core.values import Environment, Value

REFUSES = "it refuses: "
"""How the reason begins of a room that answers, and has nothing to say."""


class EngineIdentity(Value):
    """What does not change while the engine runs. Holds no secret."""

    version: str
    mode: str
    strategy_name: str
    strategy_hash: str
    overrides: tuple[str, ...]
    """Keys that `strategy.local.yaml` sets beside the hashed strategy."""
    started_at: datetime
    pid: int
    strategy: InstanceOf[Strategy]
    """Every setting that the engine runs with. It was checked when it was loaded; only JSON is read."""
    folder: str = ""
    """How a command names the engine's data folder; empty if commands take it by themselves."""

    @property
    def environment(self) -> Environment:
        return self.strategy.execution.environment


class CellView(Value):
    """One actor at one moment, as its supervisor sees it."""

    name: str
    path: str
    state: str
    restarts: int
    epoch: int
    mailbox_depth: int
    overflowed: int
    busy_with: str | None
    busy_for_s: float
    last_error: str | None


class HeartbeatStatus(Event):
    """What the heartbeat has last done. `problem` is why the file or the URL was not reached, None if both
    were; it holds no secret."""

    at: datetime
    well: bool
    calls: bool
    """Whether a URL is called while all is well."""
    problem: str | None


class EngineStatus(Event):
    """The whole engine on one page. A part without an answer in time is None and named in `unavailable`."""

    at: datetime
    identity: EngineIdentity
    cells: tuple[CellView, ...]
    dead_letters: int
    kill_switch: KillSwitchStatus | None
    execution: ExecutionStatus | None
    alerting: AlertingStatus | None
    audit: AuditStatus | None
    recovery: RecoveryReport | None
    market: Marks | None
    decision: DecisionStatus | None
    health: HealthStatus | None
    positions: tuple[Position, ...]
    orders: tuple[OrderRow, ...]
    next_runs: dict[Job, datetime]
    unavailable: dict[str, str]
    heartbeat: HeartbeatStatus | None = None
    """None before the first beat, and where market time jumps: there nothing beats."""
    phone: PhoneStatus | None = None
    """None if no commands are read from a chat."""
