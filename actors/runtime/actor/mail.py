"""Addresses, which messages are sent to, and envelopes, which they travel in: each refers to the other.

An address stands for the cell, not for an incarnation, and so survives restarts. An envelope says who sent
its message, to whom, when, and under which correlation and causation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from actors.runtime.times import from_us

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True)
class Terminated:
    """Told to a watcher when an incarnation of the watched actor has ended."""

    path: str
    name: str
    reason: str
    restarting: bool


class Watcher(Protocol):
    """Something that is told when a watched incarnation ends."""

    @property
    def live(self) -> bool: ...

    def terminated(self, message: Terminated) -> None: ...


class Recipient(Protocol):
    """What an address points at: a cell, or a fake in a test."""

    @property
    def waiting_on(self) -> SomeAddress | None:
        """The actor whose answer a handler waits for right now; None if no handler waits."""

    def deliver(self, envelope: Envelope) -> str | None:
        """Queue it. Returns None, or why it was refused."""

    def tell_from(self, message: object, sender: AnyAddress | None, correlation: str | None) -> None: ...

    def watched_by(self, watcher: Watcher) -> None:
        """Tell Terminated to the watcher at each end of an incarnation."""

    def ask_from(self, message: object, timeout_s: float, correlation: str | None) -> object: ...


class SomeAddress(Protocol):
    """Any address, as a sender's, of which only the name is known: the type checker lets nobody tell it
    anything."""

    @property
    def path(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def recipient(self) -> Recipient: ...


class Address(Generic[M_contra]):
    """Takes messages of `M` and no other. Stable and hashable; two are equal if their paths are."""

    __slots__ = ("name", "path", "recipient")

    def __init__(self, path: str, name: str, recipient: Recipient) -> None:
        self.path = path
        self.name = name
        self.recipient = recipient

    def tell(
        self, message: M_contra, *, sender: AnyAddress | None = None, correlation: str | None = None
    ) -> None:
        """Send from outside the actors; never blocks. A message that is refused goes to the dead letters."""
        self.recipient.tell_from(message, sender, correlation)

    def __repr__(self) -> str:
        return f"<Address {self.path}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)


AnyAddress: TypeAlias = Address[Any]
"""An address whose protocol is not known here, as where it was found by name: it may be told anything."""


class Question(Protocol[R_co]):
    """A message to an address that takes it, and the type of its answer."""

    @property
    def address(self) -> SomeAddress: ...

    @property
    def message(self) -> object: ...

    def answer(self, found: object) -> R_co:
        """The answer that came back, as the type that the question names."""


@dataclass(frozen=True)
class PlainQuestion(Generic[M]):
    """A question whose message does not name the type of its answer."""

    address: Address[M]
    message: M

    def answer(self, found: object) -> object:
        """The answer that came back."""
        return found


def ask(question: Question[R], *, timeout_s: float, correlation: str | None = None) -> R:
    """Ask from outside the actors and wait, at most `timeout_s`.

    Raises ValueError for a timeout below 0 or NaN, and AskTimeout, MailboxFull, ActorUnavailable, or
    AskFailed from the callee's crash.
    """
    found = question.address.recipient.ask_from(question.message, timeout_s, correlation)
    return question.answer(found)


class Reply(Protocol):
    """Where an ask's answer goes. The first answer wins; `resolve` and `reject` say whether this one did."""

    def resolve(self, value: object) -> bool: ...

    def reject(self, error: BaseException) -> bool: ...


class Envelope(NamedTuple):
    """Immutable, and cheap to make: numbers are kept as numbers and turned into text and times when read."""

    number: int
    message: object
    sender: SomeAddress | None
    correlation: str | None
    cause: int | None
    sent_at_ns: int
    to: SomeAddress
    reply_to: Reply | None

    @property
    def id(self) -> str:
        """Unique within the process, in production also across processes."""
        return f"{self.number:x}"

    @property
    def causation(self) -> str | None:
        """The id of the envelope in whose handling this one was sent; None if it came from outside."""
        return None if self.cause is None else f"{self.cause:x}"

    @property
    def sent_at(self) -> datetime:
        """Market time of sending, aware UTC."""
        return from_us(self.sent_at_ns // 1000)


class OwnEnvelope(Envelope):
    """A message of a timer or watch to the life that set it; the next life never gets it and sets its own."""

    __slots__ = ()
