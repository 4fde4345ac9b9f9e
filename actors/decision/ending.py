"""How the end of a cycle is told: the severity and the texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Final

from core.alerts import AlertCode, Severity
from core.messages.room_status import CycleEnded
from core.orders.books import CycleOutcome, Job, Position

MONITOR_FAILURES: Final = frozenset(
    {
        CycleOutcome.DATA_FAILED,
        CycleOutcome.DEADLINE,
        CycleOutcome.ACTOR_FAILED,
        CycleOutcome.RECOVERING,
    }
)
"""Outcomes of a monitor that could not look at the positions; two in a row are critical."""

SEVERITY: Final[dict[CycleOutcome, Severity | None]] = {
    CycleOutcome.ENTERED: Severity.MEDIUM,
    CycleOutcome.NO_ENTRY: Severity.LOW,
    CycleOutcome.BLOCKED: Severity.LOW,
    CycleOutcome.VETOED: Severity.MEDIUM,
    CycleOutcome.REFUSED: Severity.MEDIUM,
    CycleOutcome.NOT_FILLED: Severity.MEDIUM,
    CycleOutcome.IN_DOUBT: Severity.HIGH,
    CycleOutcome.NOTHING_OPEN: None,
    CycleOutcome.HELD: None,
    CycleOutcome.EXITED: None,
    CycleOutcome.EXIT_BLOCKED: None,
    CycleOutcome.EXIT_WORKING: Severity.MEDIUM,
    CycleOutcome.SETTLED: Severity.MEDIUM,
    CycleOutcome.REPORTED: None,
    CycleOutcome.DATA_FAILED: Severity.HIGH,
    CycleOutcome.DEADLINE: Severity.HIGH,
    CycleOutcome.ACTOR_FAILED: Severity.HIGH,
    CycleOutcome.RECOVERING: Severity.MEDIUM,
    CycleOutcome.INTERRUPTED: Severity.MEDIUM,
    CycleOutcome.MISFIRED: Severity.LOW,
    CycleOutcome.EXPIRED: Severity.MEDIUM,
}
"""None: no alert, or raised already (`position_closed`, or `exit_blocked` for each position)."""

CODES: Final[dict[CycleOutcome, AlertCode]] = {
    CycleOutcome.ENTERED: AlertCode.CYCLE_ENTERED,
    CycleOutcome.NO_ENTRY: AlertCode.CYCLE_NO_ENTRY,
    CycleOutcome.BLOCKED: AlertCode.CYCLE_BLOCKED,
    CycleOutcome.VETOED: AlertCode.CYCLE_VETOED,
    CycleOutcome.REFUSED: AlertCode.CYCLE_REFUSED,
    CycleOutcome.NOT_FILLED: AlertCode.CYCLE_NOT_FILLED,
    CycleOutcome.IN_DOUBT: AlertCode.CYCLE_IN_DOUBT,
    CycleOutcome.EXIT_WORKING: AlertCode.CYCLE_EXIT_WORKING,
    CycleOutcome.SETTLED: AlertCode.CYCLE_SETTLED,
    CycleOutcome.DATA_FAILED: AlertCode.CYCLE_DATA_FAILED,
    CycleOutcome.DEADLINE: AlertCode.CYCLE_DEADLINE,
    CycleOutcome.ACTOR_FAILED: AlertCode.CYCLE_ACTOR_FAILED,
    CycleOutcome.RECOVERING: AlertCode.CYCLE_RECOVERING,
    CycleOutcome.INTERRUPTED: AlertCode.CYCLE_INTERRUPTED,
    CycleOutcome.MISFIRED: AlertCode.CYCLE_MISFIRED,
    CycleOutcome.EXPIRED: AlertCode.CYCLE_EXPIRED,
}
"""The code of every outcome that has a severity."""


class EndedCycle:
    """How a cycle has ended. The text of its decision is made for the first who reads it, and then kept."""

    def __init__(self, event: CycleEnded, text: Callable[[], str]) -> None:
        """`event` is the end without its text."""
        self.event = event
        self._text = text

    @cached_property
    def told(self) -> CycleEnded:
        """The end as people are told it."""
        return self.event.model_copy(update={"text": self._text()})


def severity_of(ended: CycleEnded, monitor_failures_in_a_row: int) -> Severity | None:
    """Severity of the alert about the end, or None for no alert. A monitor that failed always raises one."""
    if ended.job is Job.MONITOR and ended.outcome in MONITOR_FAILURES:
        return Severity.CRITICAL if monitor_failures_in_a_row >= 2 else Severity.HIGH
    if ended.job is Job.ENTRY and ended.outcome is CycleOutcome.MISFIRED:
        return Severity.MEDIUM
    return SEVERITY[ended.outcome]


def ended_text(ended: CycleEnded) -> str:
    """One line for people: which cycle, how it ended, why."""
    why = f": {', '.join(ended.reasons)}" if ended.reasons else ""
    slot = f"{ended.slot:%Y-%m-%d %H:%M:%S}Z" if ended.slot.second else f"{ended.slot:%Y-%m-%d %H:%M}Z"
    return f"{ended.job.value} of {slot} ended {ended.outcome.value}{why}"


def entered_text(position: Position) -> str:
    """The numbers of a position that was opened."""
    plan = position.plan
    legs = ", ".join(f"{leg.side.value} {leg.instrument_name}" for leg in plan.legs)
    return (
        f"{position.kind.value} x{position.contracts}: {legs}; credit {position.credit_eth:f} ETH, "
        f"fees {position.fees_eth:f} ETH, worst loss {plan.worst_loss_usd * position.contracts:.2f} USD, "
        f"probability of profit {plan.pop:.2f}"
    )
