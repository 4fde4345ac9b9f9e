"""Suspends entries while the market can't be read, and clears the suspension when it can be again."""

from __future__ import annotations

from actors.room import Alarm
from actors.runtime import Address, Context
from core.alerts import AlertCode, Severity
from core.market.own_snapshots import FAILURES_BEFORE_SUSPENDING, MARKET_DATA_SOURCE
from core.messages.kill_switch import ClearSuspension, SuspendEntries
from core.messages.protocols import AlertingProtocol, KillSwitchProtocol


class Suspension:
    """Counts stored snapshots that fail in a row, and tells the kill switch of changes only."""

    def __init__(
        self,
        ctx: Context,
        kill_switch: Address[KillSwitchProtocol],
        alerting: Address[AlertingProtocol],
    ) -> None:
        self._ctx = ctx
        self._kill_switch = kill_switch
        self._alert = Alarm(ctx, alerting)
        self._failures = 0
        self._suspended: bool | None = None
        """None until the first snapshot: an earlier incarnation may have suspended."""

    def failed(self, reason: str, *, stale: bool, cause: str) -> None:
        self._failures += 1
        if not self._suspended and (stale or self._failures >= FAILURES_BEFORE_SUSPENDING):
            self._suspended = True
            self._ctx.tell(self._kill_switch, SuspendEntries(source=MARKET_DATA_SOURCE, reason=reason))
            self._alert(Severity.HIGH, AlertCode.MARKET_DATA_LOST, f"entries are suspended: {reason}", cause)
        elif self._failures == 1:
            self._alert(
                Severity.LOW, AlertCode.MARKET_SNAPSHOT_FAILED, f"no market snapshot: {reason}", cause
            )

    def succeeded(self) -> None:
        self._failures = 0
        if self._suspended is not False:
            self._ctx.tell(self._kill_switch, ClearSuspension(source=MARKET_DATA_SOURCE))
        if self._suspended:
            self._alert(
                Severity.LOW, AlertCode.MARKET_DATA_BACK, "the market is seen again", MARKET_DATA_SOURCE
            )
        self._suspended = False
