"""Answering what a room was asked or told: with the type that the request names, the way that it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import NewType, Protocol, TypeVar, cast

from actors.runtime import AnyAddress, Context
from core.messages.base import Answered

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)

Returned = NewType("Returned", object)
"""What a handler returns to answer an ask at once; only `returned` makes it."""


class Deferred(Protocol[R_contra]):
    """The answer to an ask, to be given later. The first counts; see `ReplyTo`."""

    def set(self, value: R_contra) -> None: ...

    def fail(self, error: BaseException) -> None: ...


def returned(_request: Answered[R], answer: R) -> Returned:
    """Return `answer` from a handler: an ask gets it, a tell does not."""
    return Returned(answer)


def deferred(ctx: Context, _request: Answered[R]) -> Deferred[R]:
    """Take the answer to the ask that is being handled out of its handler; on a tell this does nothing."""
    return ctx.defer_reply()


def answerer(ctx: Context, _request: Answered[R]) -> Callable[[R], None]:
    """Return a function that answers the message being handled, now or from a later handler.

    An ask is replied to; a tell is answered by a tell to its sender under the same correlation; a tell
    from outside the actors is not answered.
    """
    envelope = ctx.envelope
    if envelope.reply_to is not None:
        return ctx.defer_reply().set
    sender, correlation = envelope.sender, envelope.correlation

    def tell_back(message: R) -> None:
        if sender is not None:
            # Whoever asks for something takes its answer, although nothing is known of a sender but its name.
            ctx.tell(cast("AnyAddress", sender), message, correlation=correlation)

    return tell_back
