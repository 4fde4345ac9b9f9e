"""What a person hears when commands may not reach the engine, or reach it in another folder."""

from __future__ import annotations

from typing import assert_never

from actors.room import HOUR_S, Alarm, StandingAlert
from actors.runtime import Context
from core.alerts import AlertCode, Severity
from core.messages.control import LockLookedAt, SocketDeaf, SocketLost

WITHOUT_COMMANDS = "no command reaches this engine; SIGTERM stops it, a KILL file in its data folder arms it"


class Reach:
    """One per incarnation of control. What lasts is told hourly."""

    def __init__(self, ctx: Context, alert: Alarm) -> None:
        self._ctx = ctx
        self._alert = alert
        self._unreachable = StandingAlert(HOUR_S)
        self._deaf = StandingAlert(HOUR_S)
        self._unlaid = StandingAlert(HOUR_S)
        self._moved = StandingAlert(HOUR_S)

    def tell(self, found: SocketLost | SocketDeaf | LockLookedAt) -> None:
        match found:
            case SocketLost():
                self._socket_lost(found)
            case SocketDeaf():
                self._socket_deaf(found)
            case LockLookedAt():
                self._lock(found)
                self._folder(found)
            case _:
                assert_never(found)

    def _socket_lost(self, lost: SocketLost) -> None:
        if lost.error is None:
            self._unreachable.tell_end()
            self._high(
                AlertCode.CONTROL_SOCKET_LOST,
                f"the control socket {lost.path} had been taken away and is bound again",
            )
        elif self._unreachable.tell_now(self._ctx.now()):
            self._high(
                AlertCode.CONTROL_SOCKET_LOST,
                f"the control socket {lost.path} has been taken away and can't be bound again "
                f"({lost.error}): {WITHOUT_COMMANDS}",
            )

    def _socket_deaf(self, deaf: SocketDeaf) -> None:
        if deaf.error is not None:
            if self._deaf.tell_now(self._ctx.now()):
                text = f"connections can't be taken ({deaf.error}), which is tried again every second: until "
                self._high(AlertCode.CONTROL_SOCKET_DEAF, f"{text}then {WITHOUT_COMMANDS}")
        elif self._deaf.tell_end():
            self._high(
                AlertCode.CONTROL_SOCKET_DEAF, "connections are taken again: commands reach the engine"
            )

    def _lock(self, found: LockLookedAt) -> None:
        if found.lock is None:
            self._unlaid.tell_end()
        elif found.error is None:
            self._unlaid.tell_end()
            self._high(AlertCode.LOCK_LOST, f"the data folder's lock: {found.lock}; it is laid again")
        elif self._unlaid.tell_now(self._ctx.now()):
            self._high(
                AlertCode.LOCK_LOST,
                f"the data folder's lock: {found.lock}, and it can't be laid again ({found.error}); "
                "the folder stays held, but commands may not find this engine",
            )

    def _folder(self, found: LockLookedAt) -> None:
        if found.folder is not None:
            if self._moved.tell_now(self._ctx.now()):
                self._critical(
                    f"{found.folder}: books and log are not where this engine writes; stop it, and put the "
                    "right folder back in its place"
                )
        elif self._moved.tell_end():
            self._critical("the data folder is back in its place; run.py audit verify proves books and log")

    def _high(self, code: AlertCode, text: str) -> None:
        self._alert(Severity.HIGH, code, text, self._ctx.path)

    def _critical(self, text: str) -> None:
        self._alert(Severity.CRITICAL, AlertCode.DATA_FOLDER_MOVED, text, self._ctx.path)
