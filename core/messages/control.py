"""Control: what a person asks of the running engine, over the control socket or the live view."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from pydantic import InstanceOf, field_validator

from core.contract.base import Router
from core.messages.alerting import AlertingStatus
from core.messages.audit import AuditStatus
from core.messages.base import Answered, Command, Event, Query, Refused
from core.messages.decision import DecisionStatus
from core.messages.execution import ExecutionStatus, RecoveryReport
from core.messages.health import HealthStatus
from core.messages.kill_switch import KillSwitchStatus
from core.messages.market_data import Marks
from core.messages.phone import PhoneStatus
from core.orders.books import Job, OrderRow, Position
from core.strategy import Strategy
from core.values import Environment, Value

NEVER_RESTARTED: Mapping[str, str] = MappingProxyType(
    {
        "kill_switch": "what suspends entries is in its memory alone; stop the engine and start it instead",
        "state": "every room waits for the books meanwhile; stop the engine and start it instead",
        "audit": "nothing is acknowledged meanwhile; stop the engine and start it instead",
    }
)
"""Rooms that a person can't restart alone, each with what is expected instead."""
RESTARTED = (
    "alerting",
    "mcp.orders",
    "execution",
    *(f"mcp.{router.value}" for router in Router),
    "market_data",
    "decision",
    "health",
    "control",
    "scheduler",
)
"""Rooms that a person may restart. After mcp.orders, execution is restarted too."""


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

    @property
    def environment(self) -> Environment:
        return self.strategy.execution.environment


class SocketLost(Event):
    """The control socket was taken away from its path; `error` says why it could not be bound again."""

    path: str
    error: str | None


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


class GetStatus(Query[EngineStatus]):
    """Answered by `EngineStatus`."""


class EngineAlive(Event):
    at: datetime
    pid: int


class PingEngine(Query[EngineAlive]):
    """Answered by `EngineAlive`, by control alone."""


class Healthcheck(Event):
    """`problems` names each part that does not work. An armed switch is a state, not a problem."""

    ok: bool
    at: datetime
    problems: tuple[str, ...]
    notes: tuple[str, ...]


class GetHealthcheck(Query[Healthcheck]):
    """Answered by `Healthcheck`."""


class EngineStopping(Event):
    reason: str


class StopEngine(Command, Answered[EngineStopping]):
    """Stop in good order. Answered by `EngineStopping` before the stop begins."""

    reason: str


class Dump(Event):
    text: str


class GetDump(Query[Dump]):
    """Answered by `Dump`: every actor's state, mailbox, current message and thread stack."""


class Trace(Event):
    """One line per envelope, oldest first: time, id, cause, correlation, sender and receiver, message."""

    lines: tuple[str, ...]


class GetTrace(Query[Trace]):
    """The messages of one correlation, from the ring buffer of envelopes. Answered by `Trace`."""

    correlation: str


class RestartDone(Event):
    """The room is in a life that began after it was asked for."""

    request_id: str
    actor: str


class RestartWaits(Event):
    """The restart is still to come, or under way; `text` is for people."""

    request_id: str
    text: str


class RestartActor(Command, Answered[RestartDone | RestartWaits]):
    """End one room in order and let its supervisor start it again; its mail is kept.

    Answered by `RestartDone`, and before that by `RestartWaits`.
    """

    request_id: str
    actor: str
    reason: str
    at: datetime

    @field_validator("actor")
    @classmethod
    def _check_actor(cls, actor: str) -> str:
        if actor in NEVER_RESTARTED:
            raise ValueError(f"another room: {NEVER_RESTARTED[actor]}")
        if actor not in RESTARTED:
            raise ValueError(f"one of {', '.join(RESTARTED)}")
        return actor


class InjectAccepted(Event):
    """`on_disk`: books and audit file have the message, so that it is carried out whatever ends or restarts.

    If not, as with the messages to the kill switch, only its answer says what is true.
    """

    request_id: str
    message: str
    on_disk: bool


class InjectMessage(Command, Answered[InjectAccepted | Refused]):
    """An operator's message by name. Answered by `InjectAccepted`, or `Refused`.

    A message that goes through the inbox is on disk then; those to the kill switch are not. `asker` names who
    waits for its end; whether they learned it is said by `AwaitEnded`. If nobody waits, the end of a message
    that is on disk is told by an alert.
    """

    message: str
    body: str
    """The message's fields as a JSON object."""
    who: str
    asker: str = ""
    request_id: str = ""
    """Made by the sender if it may send the message again: repeated, it is one message."""


class InjectDone(Event):
    """`message` is what was injected, `answer` the name of the message that came back, `body` its JSON."""

    request_id: str
    message: str
    answer: str
    body: str


class InjectWaits(Event):
    """The message is under way; `text` says, for people, what it waits for. `number` counts these words."""

    request_id: str
    number: int
    text: str


class AwaitInject(Query[InjectDone | InjectWaits | Refused]):
    """Answered by `InjectDone` when the message has its final answer, or before that by `InjectWaits` as soon
    as there is a word whose number is above `seen`; by `Refused` if there is no such message."""

    request_id: str
    seen: int = 0


class AwaitEnded(Command):
    """The `asker` of a message does not wait any more. `told`: its `InjectDone` went out to the person."""

    asker: str
    told: bool
