"""The disk: entries are suspended while too little is free for the books to grow."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from actors.room import DAY_S, Alarm, StandingAlert
from actors.runtime import Address, Context
from core.alerts import AlertCode, Severity
from core.messages.kill_switch import ClearSuspension, SuspendEntries
from core.messages.protocols import KillSwitchProtocol

FREE_BYTES_MIN: Final = 256 * 1024 * 1024
SOURCE: Final = "disk"


def free_bytes_at(folder: Path) -> int:
    """Bytes that are free where the data folder lies. Raises OSError."""
    return shutil.disk_usage(folder).free


class DiskWatch:
    """Checks free space at each round of probes. Tells the kill switch only of changes, and the operator once
    a day while space is low."""

    def __init__(
        self,
        ctx: Context,
        kill_switch: Address[KillSwitchProtocol],
        alert: Alarm,
        data_dir: Path,
        free_bytes: Callable[[Path], int] = free_bytes_at,
    ) -> None:
        self._ctx = ctx
        self._kill_switch = kill_switch
        self._alert = alert
        self._data_dir = data_dir
        self._free_bytes = free_bytes
        self._standing = StandingAlert(DAY_S)
        self.free: int | None = None
        self.low: bool | None = None
        """None until the first look: an earlier incarnation may have suspended."""

    def look(self) -> None:
        try:
            self.free = self._free_bytes(self._data_dir)
        except OSError as error:
            self.free = None
            self._set(True, f"free space of {self._data_dir} is unknown: {error.strerror or error}")
            return
        low = self.free < FREE_BYTES_MIN
        self._set(
            low, f"{self.free // 2**20} MiB free at {self._data_dir}, expected {FREE_BYTES_MIN // 2**20}"
        )

    def _set(self, low: bool, text: str) -> None:
        ctx = self._ctx
        before, self.low = self.low, low
        if before != low:
            told = SuspendEntries(source=SOURCE, reason=text) if low else ClearSuspension(source=SOURCE)
            ctx.tell(self._kill_switch, told)
        if low and self._standing.tell_now(ctx.now()):
            self._alert(Severity.HIGH, AlertCode.DISK_LOW, text, SOURCE)
        elif not low and self._standing.tell_end():
            self._alert(Severity.LOW, AlertCode.DISK_BACK, text, SOURCE)
