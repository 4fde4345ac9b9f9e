"""After a recovery, rows without an outcome are taken up again if possible, or closed with a named reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from actors.decision.cycle import CycleEnd, Due
from actors.decision.desk import Desk, ended_key
from actors.decision.ending import MONITOR_FAILURES
from actors.decision.queue import CycleQueue
from actors.runtime import Terminated
from core.messages.state import GetOpenCycles, LastCycle, OpenCycles
from core.orders.books import CycleOutcome, CycleRow, Job

FIRST_INCARNATION: Final = 1


class TakeUp:
    """Follows whether execution has recovered, and then takes up the cycles that were left over."""

    def __init__(self, desk: Desk, queue: CycleQueue) -> None:
        self._desk = desk
        self._queue = queue

    def recovery(self, *, ok: bool) -> None:
        if not ok:
            self._queue.execution_recovers()
            return
        was, self._queue.recovered = self._queue.recovered, True
        if was:
            # A reconcile that decision was not told the begin of: it may have refused a monitor's exits.
            self._run_owed_monitor()
            return
        self._queue.taken_up = False
        self._desk.query(GetOpenCycles(request_id=self._desk.ctx.uuid()))

    def terminated(self, ended: Terminated) -> None:
        """Pass the end on to the cycle that waits for it.

        After its end, execution recovers, and a monitor cycle that this cut short has to run again.
        """
        queue = self._queue
        under_way = queue.active
        self._desk.conversations.deliver(ended_key(ended.path), ended)
        if ended.path == self._desk.rooms.execution.path:
            queue.execution_recovers()
            if under_way is not None and under_way.due.job is Job.MONITOR and queue.active is not under_way:
                queue.monitor_owed = True

    def open_cycles(self, answer: OpenCycles) -> None:
        queue = self._queue
        newest_monitor = max((row.slot for row, _ in answer.cycles if row.job is Job.MONITOR), default=None)
        for row, has_instruction in answer.cycles:
            if queue.knows(row.job, row.slot) and not queue.awaits_first_begin(row.job, row.slot):
                continue
            due = Due(row.job, row.slot, self._desk.ctx.now())
            reasons = self._why_not(row, has_instruction, is_newest=row.slot == newest_monitor)
            if not reasons:
                queue.add(due)
            elif self._desk.ctx.epoch > FIRST_INCARNATION:
                queue.close_row(row.cycle_id, due, CycleEnd(CycleOutcome.ACTOR_FAILED, reasons))
            else:
                queue.close_row(row.cycle_id, due, CycleEnd(CycleOutcome.INTERRUPTED, reasons))
        for cycle_id in answer.proposed:
            # Also of cycles that have an outcome: an incarnation may have ended before this was done.
            if not queue.is_at(cycle_id):
                queue.releases.release(cycle_id)
        self._run_owed_monitor()
        queue.taken_up = queue.recovered
        queue.moved()

    def last_cycle(self, last: LastCycle) -> None:
        """Count a monitor that failed right before the restart as a failure in a row."""
        row = last.cycle
        if row is not None and row.outcome in MONITOR_FAILURES and self._queue.monitor_failures == 0:
            self._queue.monitor_failures = 1

    def _why_not(self, row: CycleRow, has_instruction: bool, *, is_newest: bool) -> tuple[str, ...]:
        """Why an open row is not taken up again; empty if it is."""
        desk = self._desk
        if desk.ctx.epoch > FIRST_INCARNATION:
            # This very cycle may have crashed the last incarnation, so it is not tried again.
            return ("actor_failed:decision",)
        if has_instruction:
            return ("instruction_on_record",)
        if row.job is Job.MONITOR:
            return () if is_newest else ("newer_slot",)
        if row.job is Job.DIGEST:
            return ()
        grace = timedelta(seconds=desk.strategy.scheduler.grace_s)
        return () if desk.ctx.now() - row.slot <= grace else ("grace_over",)

    def _run_owed_monitor(self) -> None:
        queue = self._queue
        if queue.monitor_owed and self._desk.mode.strategy:
            queue.monitor_owed = False
            now = self._desk.ctx.now()
            queue.add(Due(Job.MONITOR, now.replace(microsecond=0), now))
