"""The logger that an actor's context gives it."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from actors.runtime.actor.context import Context, LogAdapter


class ActorLog(LogAdapter):
    """A logger whose records carry path, epoch, correlation and market time from the runtime."""

    def __init__(self, context: Context) -> None:
        super().__init__(logging.getLogger(f"actors.{context.name}"), {})
        self._context = context

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the runtime's fields to the record."""
        context = self._context
        try:
            correlation = context.envelope.correlation
        except LookupError:
            correlation = None
        extra = dict(kwargs.get("extra") or {})
        extra.update(
            path=context.path,
            epoch=context.epoch,
            correlation=correlation,
            market_time=context.now().isoformat(),
        )
        kwargs["extra"] = extra
        return msg, kwargs
