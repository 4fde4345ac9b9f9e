"""Answering a request that may have been asked or told: the answer goes the way that the question came."""

from __future__ import annotations

from collections.abc import Callable

from actors.runtime.actor.context import Context


def answerer(ctx: Context) -> Callable[[object], None]:
    """Return a function that answers the message being handled, now or from a later handler.

    An ask is replied to; a tell is answered by a tell to its sender under the same correlation; a tell
    from outside the actors is not answered.
    """
    envelope = ctx.envelope
    if envelope.reply_to is not None:
        return ctx.defer_reply().set
    sender, correlation = envelope.sender, envelope.correlation

    def tell_back(message: object) -> None:
        if sender is not None:
            ctx.tell(sender, message, correlation=correlation)

    return tell_back
