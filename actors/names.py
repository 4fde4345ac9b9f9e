"""The names of the rooms, each typed by the messages that its room takes: a wrong one is a type error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from actors.runtime import Address, AnyAddress
from core.contract import Router
from core.messages.protocols import (
    AlertingProtocol,
    AnchorProtocol,
    AuditProtocol,
    ControlProtocol,
    DecisionProtocol,
    ExecutionProtocol,
    HealthProtocol,
    HeartbeatProtocol,
    KillSwitchProtocol,
    MarketDataProtocol,
    McpOrdersProtocol,
    McpProtocol,
    PhoneProtocol,
    RecorderProtocol,
    SchedulerProtocol,
    StateProtocol,
)

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)


@dataclass(frozen=True)
class RoomName(Generic[M_contra]):
    """The name of a room that takes messages of `M`, and perhaps others."""

    text: str


@dataclass(frozen=True)
class ExactName(RoomName[M]):
    """The name of the room whose protocol is `M`, neither more nor less. Only this page makes them."""


ALERTING: Final = ExactName[AlertingProtocol]("alerting")
KILL_SWITCH: Final = ExactName[KillSwitchProtocol]("kill_switch")
STATE: Final = ExactName[StateProtocol]("state")
AUDIT: Final = ExactName[AuditProtocol]("audit")
ANCHOR: Final = ExactName[AnchorProtocol]("anchor")
MCP_ORDERS: Final = ExactName[McpOrdersProtocol]("mcp.orders")
EXECUTION: Final = ExactName[ExecutionProtocol]("execution")
MARKET_DATA: Final = ExactName[MarketDataProtocol]("market_data")
DECISION: Final = ExactName[DecisionProtocol]("decision")
HEALTH: Final = ExactName[HealthProtocol]("health")
CONTROL: Final = ExactName[ControlProtocol]("control")
HEARTBEAT: Final = ExactName[HeartbeatProtocol]("heartbeat")
PHONE: Final = ExactName[PhoneProtocol]("phone")
RECORDER: Final = ExactName[RecorderProtocol]("recorder")
SCHEDULER: Final = ExactName[SchedulerProtocol]("scheduler")


def mcp(router: Router) -> ExactName[McpProtocol]:
    """The room of one upstream router."""
    return ExactName(f"mcp.{router.value}")


class Rooms:
    """Looks up addresses by room name."""

    def __init__(self, addresses: Mapping[str, AnyAddress]) -> None:
        self._addresses = addresses

    def __getitem__(self, name: RoomName[M]) -> Address[M]:
        return self._addresses[name.text]

    def routers(self) -> dict[Router, Address[McpProtocol]]:
        """Every router's room."""
        return {router: self[mcp(router)] for router in Router}
