"""The rooms that control passes a person's messages on to, and asks for their status."""

from __future__ import annotations

from dataclasses import dataclass

from actors.runtime import Address
from core.messages.protocols import (
    AlertingProtocol,
    AuditProtocol,
    ControlProtocol,
    DecisionProtocol,
    ExecutionProtocol,
    HealthProtocol,
    KillSwitchProtocol,
    MarketDataProtocol,
    SchedulerProtocol,
    StateProtocol,
)


@dataclass(frozen=True)
class ControlRooms:
    """Every room that control knows. It asks only those that start before it: all but the scheduler."""

    alerting: Address[AlertingProtocol]
    kill_switch: Address[KillSwitchProtocol]
    state: Address[StateProtocol]
    audit: Address[AuditProtocol]
    execution: Address[ExecutionProtocol]
    market_data: Address[MarketDataProtocol]
    decision: Address[DecisionProtocol]
    health: Address[HealthProtocol]
    control: Address[ControlProtocol]
    """Control itself, for what it does on its own."""
    scheduler: Address[SchedulerProtocol]
