"""Watching the room on the disk: the ballast, and entries suspended while there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from actors.runtime import Address
from actors.runtime.actor import Context
from actors.state.ballast import Ballast
from core.messages.alerting import RaiseAlert, Severity
from core.messages.kill_switch import ClearSuspension, SuspendEntries

SOURCE = "books_disk"


class Reserve:
    """Takes and releases the ballast, and tells who must know."""

    RETAKE_AFTER_S = 300.0
    """Market time between two tries to reserve the room again."""

    def __init__(
        self, ctx: Callable[[], Context], data_dir: Path, kill_switch: Address, alerting: Address
    ) -> None:
        self._context = ctx
        self._ballast = Ballast(data_dir)
        self._kill_switch = kill_switch
        self._alerting = alerting
        # What an earlier incarnation suspended is unknown here: the first success clears it.
        self._suspended = True

    def take(self) -> bool:
        """Reserve the room; False, with entries suspended, where there is none."""
        try:
            self._ballast.take()
        except OSError as error:
            self._suspend(Severity.HIGH, "disk_low", f"no room for the ballast: {error}")
            return False
        if self._suspended:
            self._suspended = False
            self._context().tell(self._kill_switch, ClearSuspension(source=SOURCE))
        return True

    def release(self, why: str) -> bool:
        """Give the room to the books; False where there was none left to give."""
        if not self._ballast.release():
            return False
        self._suspend(Severity.CRITICAL, "ballast_released", f"disk full, the ballast was released: {why}")
        return True

    def commit_failed(self, why: str) -> None:
        """Nothing more can be given: requests are being refused."""
        self._suspend(Severity.CRITICAL, "commit_failed", f"disk full, the books refuse changes: {why}")

    def _suspend(self, severity: Severity, code: str, text: str) -> None:
        self._suspended = True
        ctx = self._context()
        ctx.tell(self._kill_switch, SuspendEntries(source=SOURCE, reason=text))
        alert = RaiseAlert(severity=severity, code=code, text=text, cause=ctx.path, at=ctx.now())
        ctx.tell(self._alerting, alert)
