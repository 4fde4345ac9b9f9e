"""Keeps the ballast on the disk, and suspends entries while there is no space for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from actors.room import DAY_S, HOUR_S, Alarm, StandingAlert
from actors.runtime import Address, Context, Timer
from actors.state.kept import Reserved
from core.alerts import AlertCode, Severity
from core.messages.kill_switch import ClearSuspension, SuspendEntries
from core.messages.protocols import KillSwitchProtocol

SOURCE = "books_disk"
RETAKE_AFTER_S = 300.0
"""Market time between two tries to reserve the space again."""


@dataclass(frozen=True)
class RetakeBallast:
    """Timer message to state itself: try to reserve the ballast's disk space again."""


class Reserve:
    """Takes and releases the ballast, and tells the kill switch and alerting."""

    def __init__(
        self,
        ctx: Context,
        reserved: Reserved,
        kill_switch: Address[KillSwitchProtocol],
        alert: Alarm,
        call_later: Callable[[float, RetakeBallast], Timer],
    ) -> None:
        self._ctx = ctx
        self._ballast = reserved
        self._kill_switch = kill_switch
        self._raise = alert
        self._call_later = call_later
        # What an earlier incarnation suspended is unknown here: the first success clears it.
        self._suspended = True
        self._no_room = StandingAlert(DAY_S)
        self._refusing = StandingAlert(HOUR_S)
        self._retake: Timer | None = None

    def take(self) -> None:
        """Reserve the space. If there is none, entries are suspended and it is tried again later."""
        try:
            self._ballast.take()
        except OSError as error:
            text = f"no room for the ballast: {error}"
            self._suspend(text)
            if self._no_room.tell_now(self._ctx.now()):
                self._alert(Severity.HIGH, AlertCode.DISK_LOW, text)
            self._retake_later()
            return
        if self._suspended:
            self._suspended = False
            self._ctx.tell(self._kill_switch, ClearSuspension(source=SOURCE))
        if any([self._no_room.tell_end(), self._refusing.tell_end()]):
            self._alert(Severity.LOW, AlertCode.DISK_BACK, "there is room for the ballast again")

    def release(self, why: str) -> bool:
        """Free the reserved space for the books; False if there was none left to free."""
        if not self._ballast.release():
            return False
        text = f"disk full, the ballast was released: {why}"
        self._suspend(text)
        self._alert(Severity.CRITICAL, AlertCode.BALLAST_RELEASED, text)
        self._retake_later()
        return True

    def commit_failed(self, why: str) -> None:
        """Suspend entries and alert: no space is left to free, and requests are refused.

        The alert is rate-limited, because recording it is a request too, which is refused and would alert.
        """
        text = f"disk full, the books refuse changes: {why}"
        self._suspend(text)
        if self._refusing.tell_now(self._ctx.now()):
            self._alert(Severity.CRITICAL, AlertCode.COMMIT_FAILED, text)

    def _retake_later(self) -> None:
        if self._retake is not None:
            self._retake.cancel()
        self._retake = self._call_later(RETAKE_AFTER_S, RetakeBallast())

    def _suspend(self, text: str) -> None:
        self._suspended = True
        self._ctx.tell(self._kill_switch, SuspendEntries(source=SOURCE, reason=text))

    def _alert(self, severity: Severity, code: AlertCode, text: str) -> None:
        self._raise(severity, code, text, self._ctx.path)
