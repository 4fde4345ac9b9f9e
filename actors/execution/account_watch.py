"""What the last look at the account has found, so that each difference is told once."""

from __future__ import annotations

from core.orders.account import Findings
from core.orders.reconcile import Difference


class AccountWatch:
    """One per incarnation of execution."""

    def __init__(self) -> None:
        self._told: dict[Difference, None] | None = None
        self.suspended = False
        """Whether entries are suspended for what was found."""

    @property
    def has_looked(self) -> bool:
        return self._told is not None

    def new(self, findings: Findings) -> tuple[Difference, ...]:
        """What of it has not been told yet."""
        known = self._told or {}
        return tuple(difference for difference in findings.all if difference not in known)

    def keep(self, findings: Findings) -> None:
        """Remember it as told."""
        self._told = dict.fromkeys(findings.all)
        self.suspended = bool(findings.against_entries)
