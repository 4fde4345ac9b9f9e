"""The bases of all messages: commands ask for something, events tell what happened, queries read.

A message is data only. Its sender, time, correlation and causation are on the envelope that the runtime
makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

from pydantic import BaseModel

from core.values import Value

Answer = TypeVar("Answer")
Answer_co = TypeVar("Answer_co", covariant=True)
Message_contra = TypeVar("Message_contra", contravariant=True)
Asking = TypeVar("Asking", bound="Answered[Any]")


class Message(Value):
    """Base of every message."""


class Takes(Protocol[Message_contra]):
    """An address that takes this message, and perhaps others."""

    def tell(self, message: Message_contra, /) -> None:
        """Send it from outside the actors."""


@dataclass(frozen=True)
class Question(Generic[Answer_co]):
    """A message to an address that takes it, and the type of what comes back. Made by `Answered.to`."""

    address: Any
    """The argument of `to`; what an address is, the runtime defines."""
    message: Answered[Answer_co]

    def answer(self, found: object) -> Answer_co:
        """Return what came back, typed as the answer that the message declares."""
        return cast("Answer_co", found)


class Answered(Message, Generic[Answer]):
    """A message that is answered by `Answer`, whether it was told or asked."""

    def __class_getitem__(cls, typevar_values: Any) -> type[BaseModel]:
        """Return the class itself; pydantic would make one per answer, which only the type checker needs."""
        return cls

    def to(self: Asking, address: Takes[Asking]) -> Question[Answer]:
        """Return the question that asks this of an address."""
        return Question(address, self)


class Command(Message):
    """An imperative: the receiver acts, or refuses with a typed answer."""


class Event(Message):
    """Something that happened, in the past tense."""


class Query(Answered[Answer], Generic[Answer]):
    """A read: answered, changes nothing."""


class Refused(Event):
    """A refusal of a command or query, with every reason as a stable code."""

    request_id: str
    reasons: tuple[str, ...]
