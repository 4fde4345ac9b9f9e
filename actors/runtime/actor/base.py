"""The base class of every actor."""

from __future__ import annotations

from actors.runtime.actor.context import Context


class Actor:
    """Base of every actor: a plain object, so that its handlers can be tested without a thread.

    The context is given by the cell before `on_start`.
    """

    ctx: Context

    def on_start(self) -> None:
        """Local preparations only; a raise or missing the deadline is a failure like any other."""

    def on_receive(self, message: object) -> object:
        """Handle one message. The return value answers an ask, unless the reply was deferred."""
        raise NotImplementedError(f"{type(self).__name__} does not handle {type(message).__name__}")

    def on_failure(self, error: BaseException) -> None:
        """After a crash of this incarnation, before `on_stop`. A raise is contained and reported."""

    def on_stop(self) -> None:
        """Let go of what is held: at an orderly stop, after a crash, and before a hung one is replaced (then
        from another thread). A raise is contained and reported."""
