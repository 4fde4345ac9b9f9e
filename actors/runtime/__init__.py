"""A supervised actor runtime on pykka: OTP's supervision on threads, and the same actors in virtual time.

It is generic and imports nothing else of this project.
"""

from __future__ import annotations

from actors.runtime.actor.base import Actor
from actors.runtime.actor.context import Context, OwnContext, ReplyTo, Timer
from actors.runtime.actor.conversations import (
    Came,
    Conversation,
    Conversations,
    Countdown,
    Key,
    Name,
    Wake,
    done_key,
)
from actors.runtime.actor.mail import (
    Address,
    AnyAddress,
    Envelope,
    PlainQuestion,
    Question,
    SomeAddress,
    Terminated,
    ask,
)
from actors.runtime.actor.outbox import Outbox, Retell
from actors.runtime.actor.unrun import refuse_unrun_hooks
from actors.runtime.backend.runtime import Runtime
from actors.runtime.clocks.clock import Clock, SystemClock
from actors.runtime.clocks.jumping import JumpingClock
from actors.runtime.errors import (
    ActorUnavailable,
    AskFailed,
    AskTimeout,
    ChildExhausted,
    Deadlock,
    EffectWhileClosing,
    Fenced,
    HandlerHung,
    MailboxFull,
    RuntimeFault,
    StartTimeout,
    TripwireHit,
)
from actors.runtime.green.runtime import BatonRuntime, GreenRuntime, RunOrder
from actors.runtime.policy.spec import (
    Backoff,
    ChildSpec,
    Exhausted,
    OnHang,
    Restart,
    RestartStrategy,
    SupervisorSpec,
)
from actors.runtime.reporting.events import (
    ActorFailed,
    ActorHung,
    ActorParked,
    ActorRestarted,
    ActorStarted,
    ClockStepped,
    DeadLettered,
    HookFailed,
    MailboxOverflow,
    RootExhausted,
    RuntimeEvent,
    SupervisorExhausted,
)
from actors.runtime.reporting.records import DeadLetter, DeadLetters, Tracer, envelope_line
from actors.runtime.reporting.status import CellState, CellStatus, ExitKind, ExitReason
from actors.runtime.supervision.system import ActorSystem
from actors.runtime.threads.heap import give_back_freed
from actors.runtime.threads.runtime import ThreadRuntime
from actors.runtime.times import from_us, to_us

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
    "AnyAddress",
    "AskFailed",
    "AskTimeout",
    "Backoff",
    "BatonRuntime",
    "Came",
    "CellState",
    "CellStatus",
    "ChildExhausted",
    "ChildSpec",
    "Clock",
    "ClockStepped",
    "Context",
    "Conversation",
    "Conversations",
    "Countdown",
    "DeadLetter",
    "DeadLettered",
    "DeadLetters",
    "Deadlock",
    "EffectWhileClosing",
    "Envelope",
    "Exhausted",
    "ExitKind",
    "ExitReason",
    "Fenced",
    "GreenRuntime",
    "HandlerHung",
    "HookFailed",
    "JumpingClock",
    "Key",
    "MailboxFull",
    "MailboxOverflow",
    "Name",
    "OnHang",
    "Outbox",
    "OwnContext",
    "PlainQuestion",
    "Question",
    "ReplyTo",
    "Restart",
    "RestartStrategy",
    "Retell",
    "RootExhausted",
    "RunOrder",
    "Runtime",
    "RuntimeEvent",
    "RuntimeFault",
    "SomeAddress",
    "StartTimeout",
    "SupervisorExhausted",
    "SupervisorSpec",
    "SystemClock",
    "Terminated",
    "ThreadRuntime",
    "Timer",
    "Tracer",
    "TripwireHit",
    "Wake",
    "ask",
    "done_key",
    "envelope_line",
    "from_us",
    "give_back_freed",
    "refuse_unrun_hooks",
    "to_us",
]
