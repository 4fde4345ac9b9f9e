"""Asks state for a slot's row. A cycle that has nothing to do is closed by the message that opens it."""

from __future__ import annotations

from typing import Final

from actors.decision.cycle import Cycle, CycleEnd, Due, Idle
from actors.decision.desk import Booked, Desk, RoomUnreachableError
from actors.decision.digest_cycle import DigestCycle
from actors.decision.entry_cycle import EntryCycle
from actors.decision.kelly_cycle import KellyCycle
from actors.decision.monitor_cycle import MonitorCycle
from actors.decision.settlement_cycle import SettlementCycle
from core.alerts import AlertCode, Severity
from core.messages.base import Refused
from core.messages.recording import may_be_told_again
from core.messages.state import CycleKnown, OpenCycle
from core.orders.books import Job
from core.values import cycle_id_of

TELL_AGAIN_S: Final = 60.0
"""The pause after the books had no room for the begin of a cycle, its decision or its end."""
KINDS: Final[dict[Job, type[Cycle]]] = {
    Job.ENTRY: EntryCycle,
    Job.MONITOR: MonitorCycle,
    Job.SETTLEMENT: SettlementCycle,
    Job.KELLY: KellyCycle,
    Job.DIGEST: DigestCycle,
}


async def told_open(desk: Desk, due: Due, *, recovered: bool) -> tuple[Booked, Idle | None]:
    """State's answer, and how the cycle has ended if that says that it is closed."""
    idle = idle_at(desk, due) if recovered else None
    row = OpenCycle(
        request_id=f"open-{cycle_id_of(due.job, due.slot)}-{desk.ctx.uuid()}",
        job=due.job,
        slot=due.slot,
        at=desk.ctx.now(),
        idle=None if idle is None else idle.to_record(),
    )
    return await desk.conversations.event(desk.send(row)), idle


def idle_at(desk: Desk, due: Due) -> Idle | None:
    """Whether the books leave a scheduled cycle nothing to do; if they can't be read, it is run."""
    kind = KINDS[due.job]
    if kind.idle is Cycle.idle or due.by_person or due.misfired:
        return None
    try:
        books = desk.books()
    except RoomUnreachableError:
        return None
    end = kind.idle(books, desk.ctx.now())
    return None if end is None else Idle(end, books)


async def known_end(desk: Desk, due: Due) -> CycleEnd | None:
    """How the row was closed although its end was refused: told twice, it may have been taken then."""
    while True:
        answer, _ = await told_open(desk, due, recovered=False)
        if not (isinstance(answer, Refused) and may_be_told_again(answer)):
            break
        await desk.conversations.pause(TELL_AGAIN_S)
    return CycleEnd(answer.outcome, answer.reasons, on_disk=True) if isinstance(answer, CycleKnown) else None


def alert_not_opened(desk: Desk, due: Due, why: str) -> None:
    """Say that a slot has no row, so that its cycle can't begin."""
    text = f"no row for {due.job.value} of {due.slot.isoformat()}: {why}"
    desk.alert(Severity.HIGH, AlertCode.CYCLE_NOT_OPENED, text, due.job.value)
