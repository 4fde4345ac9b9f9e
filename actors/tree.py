"""The whole system on one screen: who exists, in which order it starts, and who knows whom.

Asks only go up this page, so no cycle of asks can exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from actors.alerting import Alerting, Channel
from actors.audit import Audit
from actors.control.actor import Control
from actors.control.engine import Engine
from actors.decision import Decision
from actors.execution import Execution
from actors.health import Health
from actors.kill_switch import DiskKillFile, KillSwitch
from actors.market_data import MarketData
from actors.mcp import McpCredentials, McpOrders, McpRouter, Transport
from actors.runtime import ActorSystem, Address, ChildSpec, Context, Exhausted, OnHang, Runtime, Tracer
from actors.runtime import Strategy as Restarting
from actors.runtime import SupervisorSpec as Supervisor
from actors.scheduler import Scheduler
from actors.state import State
from actors.system_events import SystemEvents
from core.messages.control import EngineIdentity
from core.messages.mcp import Router
from core.strategy import Strategy
from core.values import Mode

Cells = Mapping[str, Address]
BOOKS_START_DEADLINE_S = 60.0
"""State opens its database and audit reads months of files at their start."""


@dataclass(frozen=True)
class EngineSettings:
    """All that the tree is built from. `boot_record` is the detail of `ENGINE_START`; it holds no secret."""

    strategy: Strategy
    mode: Mode
    data_dir: Path
    credentials: McpCredentials
    transport_factory: Callable[[Context], Transport]
    identity: EngineIdentity
    boot_record: Mapping[str, JsonValue]
    redact: Callable[[str], str]
    alert_channel: Callable[[], Channel] | None
    control_socket: Path | None


def build_engine(
    settings: EngineSettings, runtime: Runtime, *, engine: Engine, tracer: Tracer | None = None
) -> ActorSystem:
    """The engine, not yet started. `engine` is what control sees of the process around it."""
    events = SystemEvents()
    system = ActorSystem(runtime, tree(settings, engine), listener=events, tracer=tracer)
    events.addresses = system.addresses
    return system


def tree(settings: EngineSettings, engine: Engine) -> Supervisor:
    """The supervision tree in start order."""
    return Supervisor(
        "root",
        (
            ChildSpec("alerting", lambda cells: _alerting(settings, cells)),
            ChildSpec("kill_switch", lambda cells: _kill_switch(settings, cells)),
            Supervisor("books", _books(settings), strategy=Restarting.REST_FOR_ONE),
            Supervisor("feeds", _feeds(settings), exhausted=Exhausted.PARK),
            Supervisor("desk", _desk(settings, engine)),
        ),
        intensity=3,
        period_s=300.0,
    )


def _books(settings: EngineSettings) -> tuple[ChildSpec, ...]:
    return (
        ChildSpec(
            "state",
            lambda cells: State(
                data_dir=settings.data_dir,
                audit=cells["audit"],
                kill_switch=cells["kill_switch"],
                alerting=cells["alerting"],
            ),
            start_deadline_s=BOOKS_START_DEADLINE_S,
            mailbox_bound=10_000,
            on_hang=OnHang.ESCALATE,
        ),
        ChildSpec(
            "audit",
            lambda cells: Audit(
                data_dir=settings.data_dir,
                state=cells["state"],
                kill_switch=cells["kill_switch"],
                alerting=cells["alerting"],
            ),
            start_deadline_s=BOOKS_START_DEADLINE_S,
            on_hang=OnHang.ESCALATE,
        ),
        ChildSpec(
            "mcp.orders",
            lambda cells: McpOrders(
                transport_factory=settings.transport_factory,
                credentials=settings.credentials,
                strategy=settings.strategy,
                kill_switch=cells["kill_switch"],
                data_dir=settings.data_dir,
            ),
        ),
        ChildSpec(
            "execution",
            lambda cells: Execution(
                kill_switch=cells["kill_switch"],
                state=cells["state"],
                orders=cells["mcp.orders"],
                deribit=cells["mcp.deribit"],
                decision=cells["decision"],
                health=cells["health"],
                control=cells["control"],
                alerting=cells["alerting"],
                strategy=settings.strategy,
            ),
        ),
    )


def _feeds(settings: EngineSettings) -> tuple[ChildSpec, ...]:
    return (
        *(_feed(settings, router) for router in Router),
        ChildSpec(
            "market_data",
            lambda cells: MarketData(
                routers=_routers(cells),
                state=cells["state"],
                kill_switch=cells["kill_switch"],
                decision=cells["decision"],
                alerting=cells["alerting"],
                strategy=settings.strategy,
            ),
        ),
    )


def _feed(settings: EngineSettings, router: Router) -> ChildSpec:
    return ChildSpec(
        f"mcp.{router.value}",
        lambda cells: McpRouter(
            router=router,
            transport_factory=settings.transport_factory,
            credentials=settings.credentials,
            strategy=settings.strategy,
            alerting=cells["alerting"],
        ),
    )


def _desk(settings: EngineSettings, engine: Engine) -> tuple[ChildSpec, ...]:
    return (
        ChildSpec(
            "decision",
            lambda cells: Decision(
                state=cells["state"],
                kill_switch=cells["kill_switch"],
                market_data=cells["market_data"],
                execution=cells["execution"],
                alerting=cells["alerting"],
                strategy=settings.strategy,
                mode=settings.mode,
                code_version=settings.identity.version,
            ),
        ),
        ChildSpec(
            "health",
            lambda cells: Health(
                routers=_routers(cells),
                kill_switch=cells["kill_switch"],
                state=cells["state"],
                scheduler=cells["scheduler"],
                alerting=cells["alerting"],
                boot_record=settings.boot_record,
                data_dir=settings.data_dir,
            ),
        ),
        ChildSpec(
            "control",
            lambda cells: Control(
                rooms=cells,
                engine=engine,
                identity=settings.identity,
                socket_path=settings.control_socket,
            ),
        ),
        ChildSpec(
            "scheduler",
            lambda cells: Scheduler(
                decision=cells["decision"],
                health=cells["health"],
                market_data=cells["market_data"],
                state=cells["state"],
                mode=settings.mode,
                strategy=settings.strategy,
            ),
        ),
    )


def _alerting(settings: EngineSettings, cells: Cells) -> Alerting:
    return Alerting(state=cells["state"], open_channel=settings.alert_channel, redact=settings.redact)


def _kill_switch(settings: EngineSettings, cells: Cells) -> KillSwitch:
    return KillSwitch(
        kill_file=DiskKillFile(settings.data_dir),
        state=cells["state"],
        execution=cells["execution"],
        alerting=cells["alerting"],
        strategy=settings.strategy,
        strategy_enabled=settings.mode.strategy,
    )


def _routers(cells: Cells) -> dict[Router, Address]:
    return {router: cells[f"mcp.{router.value}"] for router in Router}
