"""Records for looking back: the ring of envelopes and the dead letters. Both may be read at any time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from actors.runtime.actor.mail import Envelope, SomeAddress
from actors.runtime.times import from_us


class Tracer:
    """Keeps the last `capacity` envelopes as they are sent, or all of them if that is None."""

    def __init__(self, capacity: int | None = 4096) -> None:
        if capacity is not None and capacity < 1:
            raise ValueError(f"Tracer.capacity: expected at least 1 or None, found {capacity}")
        self._envelopes: deque[Envelope] = deque(maxlen=capacity)
        # Appending to a deque is atomic; binding it here saves a call for each message.
        self.record: Callable[[Envelope], None] = self._envelopes.append

    def items(self) -> tuple[Envelope, ...]:
        """The envelopes still kept, oldest first."""
        return tuple(self._envelopes.copy())

    def find(self, correlation: str) -> tuple[Envelope, ...]:
        """Those under one correlation, oldest first."""
        return tuple(envelope for envelope in self.items() if envelope.correlation == correlation)

    def text(self) -> str:
        """One line per envelope; equal for equal runs of a simulated runtime."""
        return "".join(f"{envelope_line(envelope)}\n" for envelope in self.items())


def envelope_line(envelope: Envelope) -> str:
    """Time, id, cause, correlation, who to whom, kind, and the message itself."""
    sender = "-" if envelope.sender is None else envelope.sender.path
    kind = "tell" if envelope.reply_to is None else "ask"
    return (
        f"{envelope.sent_at.isoformat()} {envelope.id} {envelope.causation or '-'} "
        f"{envelope.correlation or '-'} {sender} {kind} {envelope.to.path} {envelope.message!r}"
    )


@dataclass(frozen=True)
class DeadLetter:
    """A message that will never be handled to its end, and why."""

    at: datetime
    to: str
    sender: SomeAddress | None
    message: object
    why: str
    correlation: str | None
    id: str


def dead_letter(envelope: Envelope, why: str, at_us: int) -> DeadLetter:
    """The record of a message that will never be handled to its end."""
    return DeadLetter(
        at=from_us(at_us),
        to=envelope.to.path,
        sender=envelope.sender,
        message=envelope.message,
        why=why,
        correlation=envelope.correlation,
        id=envelope.id,
    )


class DeadLetters:
    """The last dead letters, and the count of all."""

    def __init__(self, capacity: int = 1000) -> None:
        self._letters: deque[DeadLetter] = deque(maxlen=capacity)
        self._count = 0
        self._lock = Lock()

    def add(self, letter: DeadLetter) -> None:
        """Keep a letter; the oldest is dropped if there are too many."""
        with self._lock:
            self._letters.append(letter)
            self._count += 1

    def items(self) -> tuple[DeadLetter, ...]:
        """Those still kept, oldest first."""
        return tuple(self._letters.copy())

    @property
    def count(self) -> int:
        """How many there have been in all."""
        return self._count
