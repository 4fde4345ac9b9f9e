"""The whole system on one screen: who exists, in which order it starts, and who knows whom.

Asks only go up this page, to rooms that start earlier, so there can be no cycle of asks.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from actors.alerting import Alerting
from actors.anchor import Anchor, DiskAnchor, holder_of
from actors.audit import Audit
from actors.control.actor import Control
from actors.control.engine import Engine
from actors.control.rooms import ControlRooms
from actors.decision import Decision
from actors.engine_settings import EngineSettings
from actors.execution import Execution
from actors.health import Health
from actors.heartbeat import Heartbeat
from actors.kill_switch import DiskKillFile
from actors.kill_switch.actor import KillSwitch
from actors.market_data import MarketData
from actors.mcp import McpOrders, McpRouter
from actors.names import (
    ALERTING,
    ANCHOR,
    AUDIT,
    CONTROL,
    DECISION,
    EXECUTION,
    HEALTH,
    HEARTBEAT,
    KILL_SWITCH,
    MARKET_DATA,
    MCP_ORDERS,
    PHONE,
    RECORDER,
    SCHEDULER,
    STATE,
    ExactName,
    Rooms,
    mcp,
)
from actors.phone import Phone
from actors.recorder import Recorder, RecordFolder
from actors.room import Room
from actors.runtime import (
    ActorSystem,
    ChildSpec,
    Exhausted,
    OnHang,
    RestartStrategy,
    Runtime,
    Tracer,
)
from actors.runtime import SupervisorSpec as Supervisor
from actors.scheduler import Scheduler
from actors.state import State
from actors.system_events import SystemEvents
from core.contract import Router

M = TypeVar("M")
START_DEADLINE_S = 2.0
MAILBOX_BOUND = 1000
RECORDER_MAILBOX_BOUND = 32
"""Chains are large: of a disk that hangs, eight hours of them wait in memory and no more."""
BOOKS_START_DEADLINE_S = 60.0
"""State opens its database and audit reads months of files at their start."""


def build_engine(
    settings: EngineSettings, runtime: Runtime, *, engine: Engine, tracer: Tracer | None = None
) -> ActorSystem:
    """The engine, not yet started. `engine` is what control sees of the process around it."""
    events = SystemEvents()
    system = ActorSystem(runtime, tree(settings, engine), listener=events, tracer=tracer)
    events.rooms = Rooms(system.addresses)
    return system


def tree(settings: EngineSettings, engine: Engine) -> Supervisor:
    """The supervision tree in start order."""
    return Supervisor(
        "root",
        (
            _room(ALERTING, lambda rooms: _alerting(settings, rooms)),
            _room(KILL_SWITCH, lambda rooms: _kill_switch(settings, rooms)),
            Supervisor("books", _books(settings), strategy=RestartStrategy.REST_FOR_ONE),
            Supervisor("feeds", _feeds(settings), exhausted=Exhausted.PARK),
            Supervisor("desk", _desk(settings, engine)),
            *_watch(settings),
        ),
        intensity=3,
        period_s=300.0,
    )


def _books(settings: EngineSettings) -> tuple[ChildSpec, ...]:
    return (
        _room(
            STATE,
            lambda rooms: State(
                data_dir=settings.data_dir,
                audit=rooms[AUDIT],
                kill_switch=rooms[KILL_SWITCH],
                alerting=rooms[ALERTING],
                redact=settings.redact.of_unmistakable,
                store=settings.books,
            ),
            start_deadline_s=BOOKS_START_DEADLINE_S,
            mailbox_bound=10_000,
            on_hang=OnHang.ESCALATE,
        ),
        _room(
            AUDIT,
            lambda rooms: Audit(
                data_dir=settings.data_dir,
                state=rooms[STATE],
                kill_switch=rooms[KILL_SWITCH],
                alerting=rooms[ALERTING],
                anchor=rooms[ANCHOR] if settings.strategy.audit.anchor_path is not None else None,
                log=settings.log,
            ),
            start_deadline_s=BOOKS_START_DEADLINE_S,
            on_hang=OnHang.ESCALATE,
        ),
        _room(
            MCP_ORDERS,
            lambda rooms: McpOrders(
                open_port=settings.open_port,
                strategy=settings.strategy,
                kill_switch=rooms[KILL_SWITCH],
                read_kill_file=DiskKillFile(settings.data_dir).read,
            ),
        ),
        _room(
            EXECUTION,
            lambda rooms: Execution(
                kill_switch=rooms[KILL_SWITCH],
                state=rooms[STATE],
                orders=rooms[MCP_ORDERS],
                deribit=rooms[mcp(Router.DERIBIT)],
                decision=rooms[DECISION],
                health=rooms[HEALTH],
                control=rooms[CONTROL],
                alerting=rooms[ALERTING],
                strategy=settings.strategy,
                account_lock=settings.account_lock,
                folder=settings.folder,
                conduct=settings.conduct,
            ),
        ),
    )


def _feeds(settings: EngineSettings) -> tuple[ChildSpec, ...]:
    return (
        *(_feed(settings, router) for router in Router),
        _room(
            MARKET_DATA,
            lambda rooms: MarketData(
                routers=rooms.routers(),
                state=rooms[STATE],
                kill_switch=rooms[KILL_SWITCH],
                decision=rooms[DECISION],
                alerting=rooms[ALERTING],
                strategy=settings.strategy,
                recorder=rooms[RECORDER] if settings.record_days is not None else None,
            ),
        ),
        *_anchor(settings),
    )


def _anchor(settings: EngineSettings) -> tuple[ChildSpec, ...]:
    """Among the feeds, because it too waits for what is outside, and nobody waits for it."""
    path = settings.strategy.audit.anchor_path
    if path is None:
        return ()
    # One for all its lives: it knows whether a thread of an earlier one hangs in it.
    file = DiskAnchor(Path(path), holder_of(settings.data_dir, settings.folder))
    return (
        _room(
            ANCHOR,
            lambda rooms: Anchor(
                file=file,
                audit=rooms[AUDIT],
                state=rooms[STATE],
                kill_switch=rooms[KILL_SWITCH],
                alerting=rooms[ALERTING],
            ),
        ),
    )


def _feed(settings: EngineSettings, router: Router) -> ChildSpec:
    return _room(
        mcp(router),
        lambda rooms: McpRouter(
            router=router,
            open_port=settings.open_port,
            alerting=rooms[ALERTING],
        ),
    )


def _desk(settings: EngineSettings, engine: Engine) -> tuple[ChildSpec, ...]:
    return (
        _room(
            DECISION,
            lambda rooms: Decision(
                state=rooms[STATE],
                kill_switch=rooms[KILL_SWITCH],
                market_data=rooms[MARKET_DATA],
                execution=rooms[EXECUTION],
                alerting=rooms[ALERTING],
                strategy=settings.strategy,
                mode=settings.mode,
                code_version=settings.code_version,
                conduct=settings.conduct,
            ),
        ),
        _room(
            HEALTH,
            lambda rooms: Health(
                routers=rooms.routers(),
                kill_switch=rooms[KILL_SWITCH],
                state=rooms[STATE],
                scheduler=rooms[SCHEDULER],
                alerting=rooms[ALERTING],
                boot_record=settings.boot_record,
                clock_skew_max_s=settings.strategy.execution.clock_skew_max_s,
                data_dir=settings.data_dir,
            ),
        ),
        _room(
            CONTROL,
            lambda rooms: Control(
                rooms=ControlRooms(
                    alerting=rooms[ALERTING],
                    kill_switch=rooms[KILL_SWITCH],
                    state=rooms[STATE],
                    audit=rooms[AUDIT],
                    execution=rooms[EXECUTION],
                    market_data=rooms[MARKET_DATA],
                    decision=rooms[DECISION],
                    health=rooms[HEALTH],
                    control=rooms[CONTROL],
                    scheduler=rooms[SCHEDULER],
                ),
                engine=engine,
                identity=settings.identity,
                socket_path=settings.control_socket,
                folder_lock=settings.folder_lock,
                redact=settings.redact,
            ),
        ),
        _room(
            SCHEDULER,
            lambda rooms: Scheduler(
                decision=rooms[DECISION],
                health=rooms[HEALTH],
                market_data=rooms[MARKET_DATA],
                state=rooms[STATE],
                mode=settings.mode,
                strategy=settings.strategy,
                jobs_off=settings.jobs_off,
            ),
        ),
    )


def _watch(settings: EngineSettings) -> tuple[Supervisor, ...]:
    """What looks at the engine from beside it. If one fails it is parked, and trading is not touched."""
    rooms = (*_heartbeat(settings), *_phone(settings), *_recorder(settings))
    return (Supervisor("watch", rooms, exhausted=Exhausted.PARK),) if rooms else ()


def _heartbeat(settings: EngineSettings) -> tuple[ChildSpec, ...]:
    heartbeat = settings.heartbeat
    if heartbeat is None:
        return ()
    return (
        _room(
            HEARTBEAT,
            lambda rooms: Heartbeat(
                control=rooms[CONTROL],
                alerting=rooms[ALERTING],
                file=heartbeat.file,
                open_transport=heartbeat.open_transport,
                redact=settings.redact,
            ),
        ),
    )


def _recorder(settings: EngineSettings) -> tuple[ChildSpec, ...]:
    if settings.record_days is None:
        return ()
    # One for all its lives: it knows whether a thread of an earlier one hangs in it.
    folder = RecordFolder(settings.data_dir, settings.record_days)
    return (
        _room(
            RECORDER,
            lambda rooms: Recorder(files=folder, alerting=rooms[ALERTING]),
            mailbox_bound=RECORDER_MAILBOX_BOUND,
        ),
    )


def _phone(settings: EngineSettings) -> tuple[ChildSpec, ...]:
    setup = settings.phone
    if setup is None:
        return ()
    return (
        _room(
            PHONE,
            lambda rooms: Phone(
                setup=setup,
                kill_switch=rooms[KILL_SWITCH],
                state=rooms[STATE],
                control=rooms[CONTROL],
                alerting=rooms[ALERTING],
            ),
        ),
    )


def _room(
    name: ExactName[M],
    make: Callable[[Rooms], Room[M]],
    *,
    start_deadline_s: float = START_DEADLINE_S,
    mailbox_bound: int = MAILBOX_BOUND,
    on_hang: OnHang = OnHang.REPLACE,
) -> ChildSpec:
    return ChildSpec(
        name.text,
        lambda addresses: make(Rooms(addresses)),
        start_deadline_s=start_deadline_s,
        mailbox_bound=mailbox_bound,
        on_hang=on_hang,
    )


def _alerting(settings: EngineSettings, rooms: Rooms) -> Alerting:
    return Alerting(
        state=rooms[STATE],
        channels=settings.alert_channels,
        redact=settings.redact,
        times=settings.delivery,
        host=settings.host,
        began=settings.identity.started_at,
    )


def _kill_switch(settings: EngineSettings, rooms: Rooms) -> KillSwitch:
    return KillSwitch(
        kill_file=DiskKillFile(settings.data_dir),
        state=rooms[STATE],
        execution=rooms[EXECUTION],
        alerting=rooms[ALERTING],
        strategy=settings.strategy,
        strategy_enabled=settings.mode.strategy,
        conduct=settings.conduct,
    )
