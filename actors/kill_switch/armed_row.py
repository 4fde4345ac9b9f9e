"""The row of an armed switch in the books, as told by the kill switch; what state refuses is told again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from actors.kill_switch.reporter import Reporter
from actors.runtime import OwnContext
from core.messages.arm_cause import ArmCause
from core.messages.state import RecordKillSwitch

ROW_RETRY_S = 60.0
"""Market time until the record of an arming that state has refused is told again."""


@dataclass(frozen=True)
class RecordArmingAgain:
    """Timer: the record of an arming that state has refused is to be told again."""


@dataclass(frozen=True)
class Armed:
    """Why, by whom and since when. Later armings add their cause; the rest stays that of the first."""

    causes: frozenset[ArmCause]
    reason: str
    who: str
    at: datetime


class ArmedRow:
    """One per incarnation."""

    def __init__(self, ctx: OwnContext[RecordArmingAgain], reporter: Reporter) -> None:
        self._ctx = ctx
        self._reporter = reporter
        self._request_id: str | None = None
        """The last record."""
        self._is_due = False
        """State has refused that record: it is to be told again."""
        self._retry_is_planned = False

    def record(self, armed: Armed) -> None:
        """Record the row; state adds an audit record if the row changes."""
        self._is_due = False
        self._request_id = f"armed-{self._ctx.uuid()}"
        self._reporter.send(
            RecordKillSwitch(
                request_id=self._request_id,
                armed=True,
                causes=tuple(sorted(armed.causes)),
                reason=armed.reason,
                who=armed.who,
                at=armed.at,
            )
        )

    def refused(self, request_id: str) -> None:
        """State has refused a record: if it is the last one of an arming, it is told again later."""
        if request_id != self._request_id:
            return
        self._is_due = True
        if not self._retry_is_planned:
            self._retry_is_planned = True
            self._ctx.call_later(ROW_RETRY_S, RecordArmingAgain())

    def try_again(self, armed: Armed | None) -> None:
        """Tell what was refused, if it is still so; a refusal is told again later."""
        self._retry_is_planned = False
        if armed is not None and self._is_due:
            self.record(armed)

    def disarmed(self) -> None:
        """Nothing is to be told any more."""
        self._is_due = False
