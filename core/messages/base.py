"""The bases of all messages: commands ask for something, events tell what happened, queries read.

A message is data only. Its sender, time, correlation and causation are on the envelope that the runtime
makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast, get_args

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
        """Return what came back. Raises TypeError unless it is an answer that the message declares."""
        if not isinstance(found, self.message.answers):
            asked, came = type(self.message).__name__, type(found).__name__
            expected = " or ".join(answer.__name__ for answer in self.message.answers)
            raise TypeError(f"{asked}: expected {expected} as its answer, found {came}")
        return cast("Answer_co", found)


class _AnsweredBy:
    """What `Answered[...]` and `Query[...]` are as a base: the class, and the answers that were named."""

    def __init__(self, base: type[BaseModel], answers: tuple[type, ...]) -> None:
        self.base = base
        self.answers = answers

    def __mro_entries__(self, _bases: tuple[object, ...]) -> tuple[type[BaseModel]]:
        return (self.base,)


class Answered(Message, Generic[Answer]):
    """A message that is answered by `Answer`, whether it was told or asked."""

    answers: ClassVar[tuple[type, ...]] = ()
    """The classes of `Answer`, so that `Question.answer` can check what came back."""

    def __class_getitem__(cls, typevar_values: Any) -> Any:
        """Return a base that stands for the class itself; pydantic would make a class per answer."""
        members = get_args(typevar_values) or (typevar_values,)
        return _AnsweredBy(cls, tuple(member for member in members if isinstance(member, type)))

    @classmethod
    def __pydantic_init_subclass__(cls, **named: Any) -> None:
        super().__pydantic_init_subclass__(**named)
        for base in cls.__dict__.get("__orig_bases__", ()):
            if isinstance(base, _AnsweredBy):
                cls.answers = base.answers

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
