"""A simulated machine: the engines on it share its account locks, and see nothing of any other machine's."""

from __future__ import annotations

from core.values import Environment


class SimulatedMachine:
    """Hands out one lock per engine."""

    def __init__(self) -> None:
        self._holders: dict[tuple[Environment, str], SimulatedAccountLock] = {}

    def account_lock(self, holder: str) -> SimulatedAccountLock:
        """The lock of one engine, told by this name to the others."""
        return SimulatedAccountLock(self._holders, holder)


class SimulatedAccountLock:
    """As the machine's real lock, for the accounts of one venue."""

    def __init__(self, holders: dict[tuple[Environment, str], SimulatedAccountLock], holder: str) -> None:
        self._holders = holders
        self._holder = holder

    def acquire(self, environment: Environment, account: str) -> str | None:
        holder = self._holders.setdefault((environment, account), self)
        return None if holder is self else holder._holder

    def release(self) -> None:
        for account in [account for account, holder in self._holders.items() if holder is self]:
            del self._holders[account]
