"""A supervised actor runtime on pykka: OTP's supervision on threads, and the same actors in virtual time.

It is generic and imports nothing else of this project.
"""

from __future__ import annotations

from actors.runtime.actor import Actor, Context, ReplyTo, Timer
from actors.runtime.address import Address
from actors.runtime.clock import Clock, SystemClock
from actors.runtime.dump import install_dump_signal
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
from actors.runtime.green import BatonRuntime, GreenRuntime, Order
from actors.runtime.jumping import JumpingClock
from actors.runtime.records import DeadLetter, DeadLetters, Tracer
from actors.runtime.runtime import Runtime
from actors.runtime.spec import Backoff, ChildSpec, Exhausted, OnHang, Restart, Strategy, SupervisorSpec
from actors.runtime.system import ActorSystem
from actors.runtime.threads import ThreadRuntime

__all__ = [
    "Actor",
    "ActorFailed",
    "ActorHung",
    "ActorParked",
    "ActorRestarted",
    "ActorStarted",
    "ActorSystem",
    "ActorUnavailable",
    "Address",
    "AskFailed",
    "AskTimeout",
    "Backoff",
    "BatonRuntime",
    "CellState",
    "CellStatus",
    "ChildExhausted",
    "ChildSpec",
    "Clock",
    "Context",
    "DeadLetter",
    "DeadLettered",
    "DeadLetters",
    "Deadlock",
    "Envelope",
    "Exhausted",
    "ExitKind",
    "ExitReason",
    "Fenced",
    "GreenRuntime",
    "HandlerHung",
    "HookFailed",
    "JumpingClock",
    "MailboxFull",
    "MailboxOverflow",
    "OnHang",
    "Order",
    "ReplyTo",
    "Restart",
    "RootExhausted",
    "Runtime",
    "RuntimeEvent",
    "RuntimeFault",
    "StartTimeout",
    "Strategy",
    "SupervisorExhausted",
    "SupervisorSpec",
    "SystemClock",
    "Terminated",
    "ThreadRuntime",
    "Timer",
    "Tracer",
    "TripwireHit",
    "install_dump_signal",
]
