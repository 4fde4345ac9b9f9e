"""Messages that must not be lost: kept by their sender until acknowledged, told again until then.

The receiver recognises repetitions by the request's id. The outbox lives in its actor's memory: messages that
an incarnation had not settled are lost with it, and its successor works from what was recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from actors.runtime.actor.context import Context, OwnContext, Timer
from actors.runtime.actor.mail import Address, AnyAddress

M = TypeVar("M")
RETELL_AFTER_S = 5.0
"""Market time between two tellings of one message."""


@dataclass(frozen=True)
class Retell:
    """Timer message to self: hand it to `Outbox.retell`."""


_RETELL = Retell()


@dataclass
class _Kept:
    to: AnyAddress
    message: object
    correlation: str | None
    told_at: datetime


class Outbox:
    """One per incarnation, made in `on_start`.

    Messages are told in the order of sending; one timer serves all that are kept.
    """

    def __init__(self, ctx: OwnContext[Retell]) -> None:
        self._ctx = ctx
        self._retell_after = timedelta(seconds=RETELL_AFTER_S)
        self._kept: dict[str, _Kept] = {}
        self._timer: Timer | None = None

    @property
    def pending(self) -> tuple[str, ...]:
        """The request ids that are not acknowledged, oldest first."""
        return tuple(self._kept)

    def send(self, to: Address[M], message: M, request_id: str, *, correlation: str | None = None) -> None:
        """Tell now, and again every `RETELL_AFTER_S` until `settle(request_id)`.

        Sending an id that is still kept replaces its message. The correlation defaults to that of the message
        being handled.
        """
        ctx, now = self._ctx, self._ctx.now()
        if correlation is None:
            correlation = _current_correlation(ctx)
        self._kept[request_id] = _Kept(to, message, correlation, now)
        ctx.tell(to, message, correlation=correlation)
        if self._timer is None:
            # Nothing else is kept, so this is the oldest.
            self._timer = ctx.call_later(RETELL_AFTER_S, _RETELL)

    def settle(self, request_id: str) -> bool:
        """Stop telling: the answer came. False if nothing was kept under that id, as at a repetition."""
        if self._kept.pop(request_id, None) is None:
            return False
        if not self._kept and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return True

    def retell(self) -> None:
        """Handle `Retell`: tell again, in order, the messages that have waited long enough."""
        ctx = self._ctx
        self._timer = None
        now = ctx.now()
        for kept in self._kept.values():
            # Told later than now: the clock was set back since, and nobody knows how long ago that was.
            if now - kept.told_at >= self._retell_after or kept.told_at > now:
                kept.told_at = now
                ctx.tell(kept.to, kept.message, correlation=kept.correlation)
        if self._kept:
            oldest = min(kept.told_at for kept in self._kept.values())
            self._timer = ctx.call_at(oldest + self._retell_after, _RETELL)


def _current_correlation(ctx: Context) -> str | None:
    try:
        return ctx.envelope.correlation
    except LookupError:
        return None
