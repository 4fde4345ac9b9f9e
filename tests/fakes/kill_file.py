"""A kill file in memory, on a disk that may refuse."""

from __future__ import annotations

from collections.abc import Set

from core.kill_file import Arming, KillFile, parse_kill_file


class FakeKillFile:
    """`broken` refuses every change; `full` has room for the file's name and for nothing in it."""

    def __init__(self) -> None:
        self.broken = False
        self.full = False
        self.content: bytes | None = None
        self.synced = 0

    def read(self) -> KillFile | None:
        return None if self.content is None else parse_kill_file(self.content)

    def read_aside(self) -> KillFile | None:
        return None

    def add(self, arming: Arming) -> OSError | None:
        self._refuse_if_broken("no space left on device")
        before = self.content or b""
        self.content = before if self.full else before + arming.to_bytes()
        return OSError("no space left on device") if self.full else None

    def sync(self) -> None:
        self._refuse_if_broken("input/output error")
        self.synced += 1

    def disarm(self, ids: Set[str]) -> KillFile | None:
        self._refuse_if_broken("read-only file system")
        found = self.read()
        self.content = None if found is None else found.without(ids)
        return self.read()

    def settle_aside(self, ids: Set[str]) -> None:
        raise AssertionError("nothing is ever set aside here")

    def _refuse_if_broken(self, why: str) -> None:
        if self.broken:
            raise OSError(why)
