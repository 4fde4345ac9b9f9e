"""An address: where to send. It stands for the cell, not for an incarnation, and so survives restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from actors.runtime.envelope import Envelope
    from actors.runtime.events import Terminated


class Watcher(Protocol):
    """Who is to be told of an end."""

    @property
    def live(self) -> bool: ...

    def terminated(self, message: Terminated) -> None: ...


class Recipient(Protocol):
    """What an address points at: a cell, or a fake in a test."""

    @property
    def waiting_on(self) -> Address | None:
        """Whom it is waiting for inside a handler right now."""

    def deliver(self, envelope: Envelope) -> str | None:
        """Queue it; None, or why it was refused."""

    def tell_from(self, message: object, sender: Address | None, correlation: str | None) -> None: ...

    def watched_by(self, watcher: Watcher) -> None:
        """Tell Terminated to the watcher at each end of an incarnation."""

    def ask_from(self, message: object, timeout_s: float, correlation: str | None) -> object: ...


class Address:
    """Stable and hashable; two addresses are equal when their paths are."""

    __slots__ = ("name", "path", "recipient")

    def __init__(self, path: str, name: str, recipient: Recipient) -> None:
        self.path = path
        self.name = name
        self.recipient = recipient

    def tell(self, message: object, *, sender: Address | None = None, correlation: str | None = None) -> None:
        """Send from outside the actors; never blocks. What can't be queued goes to the dead letters."""
        self.recipient.tell_from(message, sender, correlation)

    def ask(self, message: object, *, timeout_s: float, correlation: str | None = None) -> object:
        """Ask from outside the actors and wait, at most `timeout_s`.

        Raises ValueError for a timeout below 0 or NaN, and AskTimeout, MailboxFull, ActorUnavailable, or
        AskFailed from the callee's crash.
        """
        return self.recipient.ask_from(message, timeout_s, correlation)

    def __repr__(self) -> str:
        return f"<Address {self.path}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)
