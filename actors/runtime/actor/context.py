"""The context: the only door through which an actor touches the world."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from actors.runtime.actor.mail import Address, AnyAddress, Envelope, Question, SomeAddress

if TYPE_CHECKING:
    LogAdapter: TypeAlias = logging.LoggerAdapter[logging.Logger]
else:
    LogAdapter: TypeAlias = logging.LoggerAdapter


M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)
R = TypeVar("R")


class ReplyTo(Protocol):
    """An ask's reply taken out of its handler. The first answer counts; later ones are ignored.

    Raises Fenced if used by an incarnation that was replaced.
    """

    def set(self, value: object) -> None: ...

    def fail(self, error: BaseException) -> None: ...


class Timer(Protocol):
    """A message to self in the future."""

    def cancel(self) -> None:
        """Do not tell the message; harmless if it was told already."""


class Context(Protocol):
    """What an actor sees of the world. Every effect raises Fenced if this incarnation was replaced."""

    @property
    def path(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def epoch(self) -> int:
        """Number of this incarnation, counted from 1."""

    @property
    def envelope(self) -> Envelope:
        """The envelope of the message being handled. Raises LookupError outside a handler."""

    @property
    def sender(self) -> SomeAddress | None: ...

    def tell(self, to: Address[M], message: M, *, correlation: str | None = None) -> None:
        """Send without waiting. The correlation defaults to that of the message being handled."""

    def ask(self, question: Question[R], *, timeout_s: float) -> R:
        """Ask and wait. Raises AskTimeout, MailboxFull, ActorUnavailable, AskFailed from the callee's crash,
        ValueError for a timeout below 0 or NaN, and under the simulated runtimes Deadlock."""

    def defer_reply(self) -> ReplyTo:
        """Take the reply of the current ask out of the handler, to be answered later; on a tell this does
        nothing. An ask that is still unanswered when the incarnation ends fails with AskFailed."""

    def now(self) -> datetime:
        """Market time, aware UTC."""

    def monotonic(self) -> float:
        """Process time, in seconds from an arbitrary point."""

    def sleep(self, seconds: float) -> None:
        """Park the handler for that much market time."""

    def watch(self, target: AnyAddress) -> None:
        """Be told Terminated each time an incarnation of `target` ends; at once if it is stopped for good."""

    def check_live(self) -> None:
        """Raise Fenced if this incarnation was replaced: call it right before any outside effect. Within
        `without_effects` it raises EffectWhileClosing."""

    def without_effects(self) -> AbstractContextManager[None]:
        """Within the block every effect through this context raises EffectWhileClosing."""

    def at_end(self, release: Callable[[], None]) -> None:
        """Call `release` once when this incarnation ends, however it ends, also if `on_start` raises: before
        `on_stop`, the last one first, perhaps on another thread. An exception is contained and reported."""

    def rng(self) -> random.Random:
        """Seeded per actor by the runtime's seed; continues across restarts."""

    def uuid(self) -> str:
        """32 hex digits; seeded in simulation, uuid4 in production."""

    def log(self) -> LogAdapter:
        """The actor's logger; records carry path, epoch, correlation and the market time."""

    def stop_self(self) -> None:
        """End normally after the current message."""


class OwnContext(Context, Protocol[M_contra]):
    """The context of an actor that takes messages of `M`, for the parts that tell such messages to it."""

    @property
    def self_address(self) -> Address[M_contra]: ...

    def call_at(self, when: datetime, message: M_contra) -> Timer:
        """Tell `message` to self at market time `when` (at once if past). Dies with the incarnation."""

    def call_later(self, delay_s: float, message: M_contra) -> Timer:
        """Tell `message` to self after `delay_s` of market time. Dies with the incarnation."""
