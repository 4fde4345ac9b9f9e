"""Parts of the safety path that crash whoever uses them, now and then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random

from actors.http import Response, Transport
from actors.kill_switch import DiskKillFile
from core.kill_file import KillFile

CRASHES = 0.01


class PlayedCrashError(RuntimeError):
    """A crash of the room that met it."""


class CrashingFile(DiskKillFile):
    """Its reader crashes now and then."""

    def __init__(self, data_dir: Path, chance: Random) -> None:
        super().__init__(data_dir)
        self._chance = chance

    def read(self) -> KillFile | None:
        if self._chance.random() < CRASHES:
            raise PlayedCrashError("while KILL was read")
        return super().read()


class CrashingTransport:
    """Who has sent over it crashes now and then, when the request is on its way or has been answered."""

    def __init__(self, inner: Transport, chance: Random) -> None:
        self._inner = inner
        self._chance = chance

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        crashes = self._chance.random() < CRASHES
        answer = self._inner.send(
            method, path, headers, body, self._chance.random() if crashes else timeout_s
        )
        if crashes:
            raise PlayedCrashError("after a request was sent")
        return answer

    def close(self) -> None:
        self._inner.close()
