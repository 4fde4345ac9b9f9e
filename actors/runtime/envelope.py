"""The envelope: a message with who sent it, to whom, when, and under which correlation and causation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from actors.runtime.address import Address

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_US = timedelta(microseconds=1)


def to_us(when: datetime) -> int:
    """Whole microseconds since the epoch, exact. Raises ValueError for a naive time."""
    if when.tzinfo is None:
        raise ValueError(f"expected an aware time, found the naive {when.isoformat()}")
    return (when - EPOCH) // _ONE_US


def from_us(us: int) -> datetime:
    """The aware UTC time of whole microseconds since the epoch, exact."""
    return EPOCH + timedelta(microseconds=us)


class Reply(Protocol):
    """Where an ask's answer goes. The first answer wins; `resolve` and `reject` say whether this one did."""

    def resolve(self, value: object) -> bool: ...

    def reject(self, error: BaseException) -> bool: ...


class Envelope(NamedTuple):
    """Immutable, and cheap to make: numbers are kept as numbers and turned into text and times when read."""

    number: int
    message: object
    sender: Address | None
    correlation: str | None
    cause: int | None
    sent_at_ns: int
    to: Address
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
    """What a timer or a watch tells the life that set it; of no use to the next life, which sets its own."""

    __slots__ = ()
