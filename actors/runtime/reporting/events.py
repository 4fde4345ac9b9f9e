"""The events that the runtime tells about itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True)
class ActorStarted:
    """A cell's first incarnation acknowledged `on_start`."""

    path: str
    epoch: int
    at: datetime


@dataclass(frozen=True)
class ActorFailed:
    """An incarnation crashed, hung, missed its start deadline, or ended by itself though it is permanent.

    `message_type` is what it was handling. `will_restart_in_s` is None if it stays down, is parked, or its
    supervisor gives up.
    """

    path: str
    epoch: int
    error: BaseException
    message_type: str
    will_restart_in_s: float | None
    at: datetime


@dataclass(frozen=True)
class ActorRestarted:
    """A later incarnation acknowledged `on_start`; `restarts` counts them since the system's start."""

    path: str
    epoch: int
    restarts: int
    at: datetime


@dataclass(frozen=True)
class ActorParked:
    """The child used up its own intensity; it takes no mail until `retry_at`."""

    path: str
    retry_at: datetime
    at: datetime


@dataclass(frozen=True)
class ActorHung:
    """A handler exceeded the hang limit; what follows is an ActorFailed or a SupervisorExhausted."""

    path: str
    busy_with: str
    busy_for_s: float
    at: datetime


@dataclass(frozen=True)
class MailboxOverflow:
    """Mail was refused because the mailbox is full; told once a minute at most, `total` counts all."""

    path: str
    total: int
    at: datetime


@dataclass(frozen=True)
class DeadLettered:
    """A message will never be handled. Overflow is told as MailboxOverflow instead.

    Mail that a closed mailbox refuses is folded: of each path, reason and type of message the first is told
    at once, then at most one a minute, which is the last of `count`.
    """

    path: str
    message: object
    why: str
    correlation: str | None
    at: datetime
    count: int = 1


@dataclass(frozen=True)
class HookFailed:
    """`on_stop`, `on_failure`, a function that `at_end` was given, or the listener raised. The exception was
    contained and changed nothing."""

    path: str
    epoch: int
    hook: str
    error: BaseException
    at: datetime


@dataclass(frozen=True)
class ClockStepped:
    """The system's clock was set by `step_s` seconds, positive if ahead; `at` is the time after that."""

    step_s: float
    at: datetime


@dataclass(frozen=True)
class SupervisorExhausted:
    """A supervisor used up its restarts and fails upwards."""

    path: str
    at: datetime


@dataclass(frozen=True)
class RootExhausted:
    """The root gave up: everything is being stopped."""

    path: str
    at: datetime


RuntimeEvent: TypeAlias = (
    ActorStarted
    | ActorFailed
    | ActorRestarted
    | ActorParked
    | ActorHung
    | MailboxOverflow
    | DeadLettered
    | HookFailed
    | ClockStepped
    | SupervisorExhausted
    | RootExhausted
)
