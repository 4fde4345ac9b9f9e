"""A supervised actor runtime on pykka: OTP's supervision on threads, and the same actors in virtual time.

It is generic and imports nothing else of this project.
"""

from __future__ import annotations

from actors.runtime.actor import Actor, Context, ReplyTo, Timer
from actors.runtime.address import Address
from actors.runtime.envelope import Envelope
from actors.runtime.errors import (
    ActorUnavailable,
    AskFailed,
    AskTimeout,
    ChildExhausted,
    Deadlock,
    Fenced,
    HandlerHung,
    MailboxFull,
    RuntimeFault,
    StartTimeout,
    TripwireHit,
)
from actors.runtime.events import (
    ActorFailed,
    ActorHung,
    ActorParked,
    ActorRestarted,
    ActorStarted,
    CellState,
    CellStatus,
    DeadLettered,
    ExitKind,
    ExitReason,
    HookFailed,
    MailboxOverflow,
    RootExhausted,
    RuntimeEvent,
    SupervisorExhausted,
    Terminated,
)
from actors.runtime.spec import Backoff, ChildSpec, Exhausted, OnHang, Restart, Strategy, SupervisorSpec

__all__ = [
    "Actor",
    "ActorFailed",
    "ActorHung",
    "ActorParked",
    "ActorRestarted",
    "ActorStarted",
    "ActorUnavailable",
    "Address",
    "AskFailed",
    "AskTimeout",
    "Backoff",
    "CellState",
    "CellStatus",
    "ChildExhausted",
    "ChildSpec",
    "Context",
    "DeadLettered",
    "Deadlock",
    "Envelope",
    "Exhausted",
    "ExitKind",
    "ExitReason",
    "Fenced",
    "HandlerHung",
    "HookFailed",
    "MailboxFull",
    "MailboxOverflow",
    "OnHang",
    "ReplyTo",
    "Restart",
    "RootExhausted",
    "RuntimeEvent",
    "RuntimeFault",
    "StartTimeout",
    "Strategy",
    "SupervisorExhausted",
    "SupervisorSpec",
    "Terminated",
    "Timer",
    "TripwireHit",
]
