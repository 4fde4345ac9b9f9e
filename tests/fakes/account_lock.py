"""An account lock whose other holder the test names."""

from __future__ import annotations

from core.values import Environment


class FakeAccountLock:
    """Free while `holder` is None."""

    def __init__(self) -> None:
        self.holder: str | None = None
        self.taken: list[tuple[Environment, str]] = []

    def acquire(self, environment: Environment, account: str) -> str | None:
        if self.holder is None:
            self.taken.append((environment, account))
        return self.holder

    def release(self) -> None:
        self.taken.clear()
