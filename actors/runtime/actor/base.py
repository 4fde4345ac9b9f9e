"""The base class of every actor."""

from __future__ import annotations

from typing import Any

from actors.runtime.actor.context import OwnContext
from actors.runtime.actor.unrun import refuse_unrun_hooks


class Actor:
    """Base of every actor: a plain object, so that its handlers can be tested without a thread.

    The cell sets `ctx` before it calls `on_start`.
    """

    ctx: OwnContext[Any]

    def __init_subclass__(cls) -> None:
        """Raises TypeError for a hook that is an `async def` or a generator: nothing would ever run it."""
        super().__init_subclass__()
        refuse_unrun_hooks(cls, "on_start", "on_receive", "on_failure", "on_stop")

    def on_start(self) -> None:
        """Prepare local state only. An exception or a missed deadline is a failure like any other."""

    def on_receive(self, message: object) -> object:
        """Handle one message. The return value answers an ask, unless the reply was deferred."""
        raise NotImplementedError(f"{type(self).__name__} does not handle {type(message).__name__}")

    def on_failure(self, error: BaseException) -> None:
        """Called after a crash, before `on_stop`. An exception is contained and reported."""

    def on_stop(self) -> None:
        """Release what is held. Called at an orderly stop, after a crash, and before a hung incarnation is
        replaced (then from another thread); after what `ctx.at_end` was given. An exception is contained and
        reported."""
