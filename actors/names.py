"""The names of the rooms, each typed by the messages that its room takes: a wrong one is a type error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from actors.runtime import Address, AnyAddress
from core.contract import Router
from core.messages.protocols import (
    AlertingProtocol,
    AuditProtocol,
    ControlProtocol,
    DecisionProtocol,
    ExecutionProtocol,
    HealthProtocol,
    KillSwitchProtocol,
    MarketDataProtocol,
    McpOrdersProtocol,
    McpProtocol,
    SchedulerProtocol,
    StateProtocol,
)

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)


@dataclass(frozen=True)
class RoomName(Generic[M_contra]):
    """The name of a room that takes messages of `M_contra`."""

    text: str


ALERTING: Final = RoomName[AlertingProtocol]("alerting")
KILL_SWITCH: Final = RoomName[KillSwitchProtocol]("kill_switch")
STATE: Final = RoomName[StateProtocol]("state")
AUDIT: Final = RoomName[AuditProtocol]("audit")
MCP_ORDERS: Final = RoomName[McpOrdersProtocol]("mcp.orders")
EXECUTION: Final = RoomName[ExecutionProtocol]("execution")
MARKET_DATA: Final = RoomName[MarketDataProtocol]("market_data")
DECISION: Final = RoomName[DecisionProtocol]("decision")
HEALTH: Final = RoomName[HealthProtocol]("health")
CONTROL: Final = RoomName[ControlProtocol]("control")
SCHEDULER: Final = RoomName[SchedulerProtocol]("scheduler")


def mcp(router: Router) -> RoomName[McpProtocol]:
    """The room of one upstream router."""
    return RoomName(f"mcp.{router.value}")


class Rooms:
    """Looks up addresses by room name."""

    def __init__(self, addresses: Mapping[str, AnyAddress]) -> None:
        self.addresses = addresses

    def __getitem__(self, name: RoomName[M]) -> Address[M]:
        return self.addresses[name.text]

    def routers(self) -> dict[Router, Address[McpProtocol]]:
        """Every router's room."""
        return {router: self[mcp(router)] for router in Router}
