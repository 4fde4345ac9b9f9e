"""One cycle at a time: slots wait here; each opens a row, runs, and is closed in the books first."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from actors.decision.cycle import Cycle, CycleAnswer, Due, StepDeadline
from actors.decision.desk import Desk, RoomUnreachableError
from actors.decision.ending import MONITOR_FAILURES, ended_text, entered_text, severity_of
from actors.decision.entry_cycle import EntryCycle, release_proposal
from actors.decision.kelly_cycle import KellyCycle
from actors.decision.monitor_cycle import MonitorCycle
from actors.decision.settlement_cycle import SettlementCycle
from actors.decision.window import window_end
from actors.runtime import Terminated, Timer
from core.messages.alerting import Severity
from core.messages.base import Refused
from core.messages.decision import CycleEnded, CycleView
from core.messages.state import CloseCycle, CycleKnown, CycleOpened, OpenCycle
from core.orders.books import CycleOutcome, Job
from core.values import CycleId, PositionId

WAITING_MAX: Final = 300
RECENT_MAX: Final = 20
KINDS: Final[dict[Job, type[Cycle]]] = {
    Job.ENTRY: EntryCycle,
    Job.MONITOR: MonitorCycle,
    Job.SETTLEMENT: SettlementCycle,
    Job.KELLY: KellyCycle,
}
RELEASES: Final = frozenset(
    {
        CycleOutcome.ACTOR_FAILED,
        CycleOutcome.DEADLINE,
        CycleOutcome.INTERRUPTED,
        CycleOutcome.RECOVERING,
    }
)
"""Outcomes after which a proposal may stand in the books that no order will follow."""


@dataclass(frozen=True)
class WindowOver:
    """Timer message to self: the venue's maintenance window is over."""


class CycleQueue:
    """The cycle under way and those that wait."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waiting: deque[Due] = deque()
        self._opening: tuple[str, Due] | None = None
        self._closing: dict[str, tuple[CycleEnded, Due | None]] = {}
        self._unreleased: dict[str, CycleId] = {}
        self._window_timer: Timer | None = None
        self.active: Cycle | None = None
        self.recovered = False
        self.monitor_owed = False
        """A monitor could not look: after the next recovery one runs."""
        self.monitor_failures = 0
        self.recent: deque[CycleEnded] = deque(maxlen=RECENT_MAX)

    def knows(self, job: Job, slot: object) -> bool:
        """True where that slot is under way or waits already."""
        keys = [due.key for due in self._waiting]
        keys += [self._opening[1].key] if self._opening is not None else []
        keys += [self.active.due.key] if self.active is not None else []
        keys += [(ended.job, ended.slot) for ended, _ in self._closing.values()]
        return (job, slot) in keys

    def add(self, due: Due) -> None:
        """Let a slot wait for its turn; one that is here already is not run twice."""
        if due.from_snapshot and window_end(self._desk.ctx.now()) is not None:
            return  # The scheduled monitors wait for the window's end; the many of the snapshots need not.
        if self.knows(*due.key):
            if due.answer is not None:
                due.answer(Refused(request_id=due.request_id, reasons=("already_under_way",)))
            return
        if len(self._waiting) >= WAITING_MAX:
            text = f"{due.job.value} of {due.slot.isoformat()} dropped: {WAITING_MAX} cycles wait already"
            self._desk.alert(Severity.HIGH, "cycles_dropped", text, due.job.value)
            if due.answer is not None:
                due.answer(Refused(request_id=due.request_id, reasons=("too_many_waiting",)))
            return
        self._waiting.append(due)
        self.go_on()

    def go_on(self) -> None:
        """Open the next row if nothing is under way; the closing of the last one is waited for."""
        if self.active is not None or self._opening is not None or self._closing:
            return
        due = self._next()
        if due is None:
            return
        desk = self._desk
        request_id = f"open-{due.job.value}-{due.slot:%Y%m%dT%H%M%SZ}-{desk.ctx.uuid()}"
        self._opening = (request_id, due)
        desk.record(OpenCycle(request_id=request_id, job=due.job, slot=due.slot, at=desk.ctx.now()))

    def opened(self, opened: CycleOpened) -> None:
        due = self._answered(opened.request_id)
        if due is None:
            return
        cycle = KINDS[due.job](self._desk, due, opened.cycle_id, self._ended)
        cycle.resumed = opened.resumed
        self.active = cycle
        if due.misfired:
            cycle.end(CycleOutcome.MISFIRED, ("older_than_grace",))
        elif not self.recovered and due.job is not Job.KELLY:
            self.monitor_owed = self.monitor_owed or due.job is Job.MONITOR
            cycle.end(CycleOutcome.RECOVERING, ("execution_recovering",))
        else:
            cycle.start()

    def known(self, known: CycleKnown) -> None:
        """The slot has run before: nothing is done twice."""
        due = self._answered(known.request_id)
        if due is None:
            return
        if due.answer is not None:
            due.answer(
                CycleEnded(
                    request_id=due.request_id,
                    cycle_id=known.cycle_id,
                    job=known.job,
                    slot=known.slot,
                    outcome=known.outcome,
                    reasons=("known",),
                    at=self._desk.ctx.now(),
                )
            )
        self.go_on()

    def recorded(self, request_id: str) -> None:
        self._desk.outbox.settle(request_id)
        cycle_id = self._unreleased.pop(request_id, None)
        if cycle_id is not None:
            self._release(cycle_id)
        if request_id in self._closing:
            self._closed(request_id)
        elif self.active is not None:
            self.active.handle_recorded(request_id)

    def refused(self, refused: Refused) -> None:
        """State does not write: the cycle ends by it; one that stays open is named, and taken up at boot."""
        self._desk.outbox.settle(refused.request_id)
        self._unreleased.pop(refused.request_id, None)
        reasons = ", ".join(refused.reasons)
        due = self._answered(refused.request_id)
        if due is not None:
            text = f"no row for {due.job.value} of {due.slot.isoformat()}: {reasons}"
            self._desk.alert(Severity.HIGH, "cycle_not_opened", text, due.job.value)
            if due.answer is not None:
                due.answer(Refused(request_id=due.request_id, reasons=refused.reasons))
            self.go_on()
        elif refused.request_id in self._closing:
            ended, _ = self._closing[refused.request_id]
            text = f"{ended.cycle_id} ended {ended.outcome.value} and could not be closed: {reasons}"
            self._desk.alert(Severity.HIGH, "cycle_not_closed", text, ended.cycle_id)
            self._closed(refused.request_id)
        elif self.active is not None and self._is_of(self.active, refused.request_id):
            self.active.refused(refused.request_id, refused.reasons)

    def deliver(self, answer: CycleAnswer) -> None:
        if self.active is not None:
            self.active.handle(answer)

    def deadline(self, deadline: StepDeadline) -> None:
        if self.active is not None:
            self.active.handle_deadline(deadline)

    def terminated(self, ended: Terminated) -> None:
        if self.active is not None:
            self.active.handle_terminated(ended)

    def close_row(
        self, cycle_id: CycleId, due: Due, outcome: CycleOutcome, reasons: tuple[str, ...], text: str = ""
    ) -> None:
        """Close a row in the books and tell how it ended; the answer to a person waits for the disk."""
        desk = self._desk
        now = desk.ctx.now()
        ended = CycleEnded(
            request_id=due.request_id,
            cycle_id=cycle_id,
            job=due.job,
            slot=due.slot,
            outcome=outcome,
            reasons=reasons,
            at=now,
            text=text,
        )
        request_id = f"end-{cycle_id}-{desk.ctx.uuid()}"
        self._closing[request_id] = (ended, due)
        desk.record(
            CloseCycle(
                request_id=request_id,
                cycle_id=cycle_id,
                outcome=outcome,
                reasons=reasons,
                at=now,
            ),
            correlation=cycle_id,
        )
        self._tell(ended)
        if due.job is Job.ENTRY and outcome in RELEASES:
            self._release(cycle_id)

    def view_active(self) -> CycleView | None:
        if self.active is not None:
            due = self.active.due
            return CycleView(job=due.job, slot=due.slot, step=self.active.step.value, since=self.active.since)
        if self._opening is not None:
            due = self._opening[1]
            return CycleView(job=due.job, slot=due.slot, step="opening", since=due.since)
        return None

    def view_waiting(self) -> tuple[CycleView, ...]:
        return tuple(
            CycleView(job=due.job, slot=due.slot, step="waiting", since=due.since) for due in self._waiting
        )

    def _next(self) -> Due | None:
        """The first that may run now; in the maintenance window monitors wait for its end."""
        now = self._desk.ctx.now()
        until = window_end(now)
        for due in self._waiting:
            if until is None or due.job is not Job.MONITOR or due.misfired:
                self._waiting.remove(due)
                return due
        if until is not None and self._waiting:
            if self._window_timer is not None:
                self._window_timer.cancel()
            self._window_timer = self._desk.ctx.call_at(until, WindowOver())
        return None

    def _is_of(self, cycle: Cycle, request_id: str) -> bool:
        """True for what the cycle itself sent; the release of an old proposal may fail by itself."""
        return cycle.cycle_id in request_id and not request_id.startswith("release-")

    def _answered(self, request_id: str) -> Due | None:
        if self._opening is None or self._opening[0] != request_id:
            return None
        _, due = self._opening
        self._opening = None
        self._desk.outbox.settle(request_id)
        return due

    def _ended(self, cycle: Cycle, outcome: CycleOutcome, reasons: tuple[str, ...], text: str) -> None:
        self.active = None
        if isinstance(cycle, EntryCycle) and cycle.proposal is not None and outcome in RELEASES:
            # Its recording may still be on the way: when it arrives, the proposal is looked for again.
            self._unreleased[cycle.decision_request] = cycle.cycle_id
        self.close_row(cycle.cycle_id, cycle.due, outcome, reasons, text)

    def _closed(self, request_id: str) -> None:
        ended, due = self._closing.pop(request_id)
        self.recent.append(ended)
        if due is not None and due.answer is not None:
            due.answer(ended)
        self.go_on()

    def _tell(self, ended: CycleEnded) -> None:
        if ended.job is Job.MONITOR and ended.outcome is not CycleOutcome.MISFIRED:
            failed = ended.outcome in MONITOR_FAILURES
            self.monitor_failures = self.monitor_failures + 1 if failed else 0
        severity = severity_of(ended, self.monitor_failures)
        if severity is None:
            return
        text = ended_text(ended)
        if ended.outcome is CycleOutcome.ENTERED:
            text = f"{text}; {self._entered(ended.cycle_id)}"
        self._desk.alert(severity, f"cycle_{ended.outcome.value}", text, ended.cycle_id)

    def _entered(self, cycle_id: CycleId) -> str:
        try:
            position = self._desk.position(PositionId(f"p-{cycle_id}"))
        except RoomUnreachableError as error:
            return f"numbers unknown: {error}"
        return "the books do not know the position" if position is None else entered_text(position)

    def _release(self, cycle_id: CycleId) -> None:
        try:
            release_proposal(self._desk, cycle_id)
        except RoomUnreachableError as error:
            text = f"a proposal of {cycle_id} may hold a slot: {error}"
            self._desk.alert(Severity.HIGH, "proposal_not_released", text, cycle_id)
