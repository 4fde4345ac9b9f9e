"""The base class of the rooms: accepts only the protocol's messages, holds an outbox and conversations."""

from __future__ import annotations

from types import UnionType
from typing import Any, ClassVar, Generic, TypeVar, Union, get_args, get_origin

from actors.room.answering import Returned
from actors.room.kinds import OneOf
from actors.runtime import Actor, Conversations, Outbox, OwnContext, Retell, Wake, refuse_unrun_hooks

M_contra = TypeVar("M_contra", contravariant=True)


class Room(Actor, Generic[M_contra]):
    """`class Decision(Room[A | B])` handles A and B in `handle`; any other message crashes it with TypeError.

    A room makes its parts in `on_start`, because `ctx` does not exist earlier, and `on_start` begins with
    `super().on_start()`. `outbox` keeps messages that must not be lost; `conversations` drives exchanges of
    many messages.
    """

    ctx: OwnContext[M_contra | Wake | Retell]
    outbox: Outbox
    conversations: Conversations
    _accepts: ClassVar[OneOf] = OneOf(())

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        refuse_unrun_hooks(cls, "handle")
        for base in cls.__dict__.get("__orig_bases__", ()):
            if get_origin(base) is Room:
                cls._accepts = OneOf(_types_of(get_args(base)[0]))

    def on_start(self) -> None:
        self.outbox = Outbox(self.ctx)
        self.conversations = Conversations(self.ctx)

    def on_receive(self, message: Any) -> object:
        if self._accepts[type(message)]:
            return self.handle(message)
        if isinstance(message, Wake):
            self.conversations.wake(message)
        elif isinstance(message, Retell):
            self.outbox.retell()
        else:
            room, found = type(self).__name__, type(message).__name__
            raise TypeError(f"{self.ctx.path}: expected a message of {room}, found {found}")
        return None

    def handle(self, message: M_contra) -> Returned | None:
        """Handle one message of the room's protocol, by a `match` closed by `assert_never`. What it returns
        answers an ask, unless the reply was deferred."""
        raise NotImplementedError(f"{type(self).__name__} does not handle {type(message).__name__}")


def _types_of(protocol: object) -> tuple[type, ...]:
    """The classes of a union, or the one class."""
    members = get_args(protocol) if get_origin(protocol) in (Union, UnionType) else (protocol,)
    wrong = [member for member in members if not isinstance(member, type)]
    if wrong:
        raise TypeError(f"expected a union of classes as a room's protocol, found {wrong}")
    return tuple(member for member in members if isinstance(member, type))
