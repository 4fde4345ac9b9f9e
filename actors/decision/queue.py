"""Runs one cycle at a time: due slots wait here until the row of the cycle before is closed in the books."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from actors.decision.askers import Asker, Askers
from actors.decision.cycle import Cycle, CycleEnd, Due, Idle
from actors.decision.desk import Booked, Desk, RoomUnreachableError, booked_key
from actors.decision.ending import CODES, MONITOR_FAILURES, EndedCycle, ended_text, entered_text, severity_of
from actors.decision.entry_cycle import EntryCycle
from actors.decision.opening import KINDS, TELL_AGAIN_S, alert_not_opened, known_end, told_open
from actors.decision.release import Releases, proposal_id_of
from actors.decision.results import Results
from actors.runtime import Key, Name
from core.alerts import AlertCode, Severity
from core.messages.base import Refused
from core.messages.decision import CycleWaits
from core.messages.recording import may_be_told_again
from core.messages.room_status import CycleEnded, CycleView
from core.messages.state import CloseCycle, CycleKnown, CycleOpened, Recorded
from core.orders.books import CycleOutcome, Job
from core.values import CycleId, PositionId

WAITING_MAX: Final = 300
COMMAND_GRACE_S_MIN: Final = 30.0
"""A person's entry has at least this long to begin: without any grace, its way here would take too long."""
RECENT_MAX: Final = 20
MOVED: Final = Key[None]("cycles-moved")
"""Delivered when a slot was added or a row was closed: the next cycle may be able to run."""
NOT_RECOVERED: Final = "recovering@"
"""How a monitor names an exit that execution refused because it was comparing books and venue."""
WITHOUT_VENUE: Final = frozenset({Job.KELLY, Job.DIGEST})
"""They read the books alone, and need not wait until books and venue agree."""


class CycleQueue:
    """The cycle under way and those that wait."""

    def __init__(self, desk: Desk, results: Results) -> None:
        self._desk = desk
        self._results = results
        self.releases = Releases(desk)
        self._waiting: deque[Due] = deque()
        self._askers = Askers()
        self._opening: Due | None = None
        self._closing: dict[str, EndedCycle] = {}
        self.active: Cycle | None = None
        self.recovered = False
        self.taken_up = False
        """The rows that an earlier incarnation left open are dealt with: persons' commands may begin."""
        self.monitor_owed = False
        """A monitor could not look at the positions: one runs after the next recovery."""
        self.monitor_failures = 0
        self.recent: deque[EndedCycle] = deque(maxlen=RECENT_MAX)

    def start(self) -> None:
        """Start working off the queue."""
        self._desk.conversations.start(Name("cycles"), self._work())

    def knows(self, job: Job, slot: object) -> bool:
        """True if that slot waits, is under way, or is being closed."""
        keys = [due.key for due in self._waiting]
        keys += [self._opening.key] if self._opening is not None else []
        keys += [self.active.due.key] if self.active is not None else []
        keys += [(ended.event.job, ended.event.slot) for ended in self._closing.values()]
        return (job, slot) in keys

    def execution_recovers(self) -> None:
        """Execution compares books and venue."""
        self.recovered = self.taken_up = False
        due = self._opening
        if due is not None and due.job is Job.MONITOR and not due.by_person:
            # It may end as idle by the books of before, and what is found now is to be looked at.
            self.monitor_owed = True

    def is_at(self, cycle_id: CycleId) -> bool:
        """True if that cycle is under way: its proposal may still become an order."""
        return self.active is not None and self.active.cycle_id == cycle_id

    def awaits_first_begin(self, job: Job, slot: datetime) -> bool:
        """True if a person's command for that slot waits, and this incarnation has not begun it."""
        return any(due.key == (job, slot) and due.by_person and not due.begun for due in self._waiting)

    def moved(self) -> None:
        """Something has changed that a waiting cycle may have waited for."""
        self._desk.conversations.deliver(MOVED, None)

    def add(self, due: Due, asker: Asker | None = None) -> None:
        """Queue a slot; one that the queue knows already is not run twice. Its end is told to every asker."""
        if due.from_snapshot and self._desk.conduct.window_end(self._desk.ctx.now()) is not None:
            return  # Scheduled monitors wait for the window's end; those after snapshots are dropped.
        if asker is not None:
            self._askers.add(due.key, asker)
        if not self.knows(*due.key):
            if len(self._waiting) >= WAITING_MAX:
                text = f"{due.job.value} of {due.slot.isoformat()} dropped: {WAITING_MAX} cycles wait already"
                self._desk.alert(Severity.HIGH, AlertCode.CYCLES_DROPPED, text, due.job.value)
                self._askers.refuse(due.key, ("too_many_waiting",))
                return
            self._waiting.append(due)
            self.moved()
        why = self._why_waiting(due.key)
        if asker is not None and why is not None:
            asker.answer(CycleWaits(request_id=asker.request_id, text=why))

    def close_row(
        self, cycle_id: CycleId, due: Due, end: CycleEnd, unbooked_proposal: Key[Booked] | None = None
    ) -> None:
        """Close a row in the books and raise its alert; who asked is answered when the end is on disk.

        A proposal that has not become an order by now never will, however the cycle ended, and is cancelled.
        """
        desk = self._desk
        if due.job is Job.ENTRY and end.outcome is not CycleOutcome.ENTERED:
            # Before the row is closed: a cycle with an outcome has nothing left to be cleared up.
            self.releases.release(cycle_id, unbooked_proposal)
        ended = self._ended(cycle_id, due, end)
        request_id = self._tell_close(ended)
        self._tell(ended.event)
        desk.conversations.start(Name("close", request_id), self._close(request_id, ended))

    def _ended(self, cycle_id: CycleId, due: Due, end: CycleEnd) -> EndedCycle:
        """The end as it is told. Whatever else waits for the same slot has it, too."""
        self._waiting = deque(waiting for waiting in self._waiting if waiting.key != due.key)
        event = CycleEnded(
            request_id="",
            cycle_id=cycle_id,
            job=due.job,
            slot=due.slot,
            outcome=end.outcome,
            reasons=end.reasons,
            at=self._desk.ctx.now(),
        )
        return EndedCycle(event, end.text)

    def view_active(self) -> CycleView | None:
        if self.active is not None:
            due = self.active.due
            return CycleView(job=due.job, slot=due.slot, step=self.active.step.value, since=self.active.since)
        if self._opening is not None:
            due = self._opening
            return CycleView(job=due.job, slot=due.slot, step="opening", since=due.since)
        return None

    def view_waiting(self) -> tuple[CycleView, ...]:
        return tuple(
            CycleView(job=due.job, slot=due.slot, step="waiting", since=due.since) for due in self._waiting
        )

    async def _work(self) -> None:
        while True:
            due = await self._next()
            opened = await self._opened(due)
            if opened is None:
                continue
            row, idle = opened
            if idle is not None and row.closed:
                self._idled(due, row, idle)
            else:
                await self._conduct(due, row)

    async def _next(self) -> Due:
        """Wait until no row is being closed, then take the first slot that may run."""
        conversations = self._desk.conversations
        while True:
            if not self._closing:
                for due in self._waiting:
                    if self._may_begin(due):
                        self._waiting.remove(due)
                        return due
            until = None if self._closing else self._next_moment()
            if until is None:
                await conversations.event(MOVED)
            else:
                await conversations.first_until(until, "next-cycle", MOVED)

    def _may_begin(self, due: Due) -> bool:
        """Monitors wait for the end of the maintenance window, and persons' commands for the recovery."""
        if due.misfired or self._is_expired(due):
            return True
        if due.by_person and not (self.recovered and self.taken_up):
            return False
        return due.job is not Job.MONITOR or self._desk.conduct.window_end(self._desk.ctx.now()) is None

    def _next_moment(self) -> datetime | None:
        """When a slot that waits may begin by the passing of time alone."""
        window = self._desk.conduct.window_end(self._desk.ctx.now())
        moments = [window] if window is not None and self._waiting else []
        moments += [self._expires_at(due) for due in self._waiting if _expires(due)]
        return min(moments, default=None)

    @property
    def _grace(self) -> timedelta:
        return timedelta(seconds=max(self._desk.strategy.scheduler.grace_s, COMMAND_GRACE_S_MIN))

    def _expires_at(self, due: Due) -> datetime:
        return due.slot + self._grace

    def _is_expired(self, due: Due) -> bool:
        """True if a person's entry has not begun within its grace: the market that they meant is gone.

        If it was asked for by a clock that was further ahead than that, nobody knows how long ago.
        """
        now = self._desk.ctx.now()
        return _expires(due) and (now >= self._expires_at(due) or now < due.slot - self._grace)

    def _why_waiting(self, key: tuple[Job, datetime]) -> str | None:
        """What a slot waits for, as text for people; None if it has begun or begins at once."""
        due = next((due for due in self._waiting if due.key == key), None)
        if due is None:
            return None
        until = self._desk.conduct.window_end(self._desk.ctx.now())
        if due.by_person and not (self.recovered and self.taken_up):
            return "it begins when books and venue have been compared (recovery)"
        if due.job is Job.MONITOR and until is not None:
            return f"it begins when the venue's maintenance window ends, at {until:%H:%M} UTC"
        if self.active is not None:
            return f"it begins when the {self.active.due.job.value} cycle that is under way has ended"
        return "it begins when the cycles before it have ended"

    async def _opened(self, due: Due) -> tuple[CycleOpened, Idle | None] | None:
        """Open the slot's row, and close it if the cycle has nothing to do.

        Returns None if it has run before, or if state refuses.
        """
        self._opening = due
        answer, idle = await told_open(self._desk, due, recovered=self.recovered)
        if isinstance(answer, Refused) and may_be_told_again(answer):
            alert_not_opened(self._desk, due, f"{', '.join(answer.reasons)}; it is tried again")
        while isinstance(answer, Refused) and may_be_told_again(answer) and self._is_in_grace(due):
            await self._desk.conversations.pause(TELL_AGAIN_S)
            answer, idle = await told_open(self._desk, due, recovered=self.recovered)
        self._opening = None
        match answer:
            case CycleOpened():
                return answer, idle
            case CycleKnown():
                self._answer_known(answer)
            case Refused():
                alert_not_opened(self._desk, due, ", ".join(answer.reasons))
                self._askers.refuse(due.key, answer.reasons)
            case Recorded():
                raise TypeError(f"{due.job.value}: expected the cycle's row, found {type(answer).__name__}")
        return None

    def _idled(self, due: Due, row: CycleOpened, idle: Idle) -> None:
        """Tell the end of a cycle whose row was closed by the message that opened it."""
        self._begun(due, row.cycle_id, resumed=row.resumed).idled(idle.books)
        self.active = None
        self._closed(row.cycle_id, due, idle.end)

    def _closed(self, cycle_id: CycleId, due: Due, end: CycleEnd) -> None:
        """The row is closed already: raise its alert, and answer who asked."""
        ended = self._ended(cycle_id, due, end)
        self._tell(ended.event)
        self._on_disk(ended)

    def _is_in_grace(self, due: Due, after_s: float = 0.0) -> bool:
        at = self._desk.ctx.now() + timedelta(seconds=after_s)
        return not due.job.has_grace or at < self._expires_at(due)

    def _answer_known(self, known: CycleKnown) -> None:
        """Answer a slot that has run before with the outcome that it had."""
        ended = CycleEnded(
            request_id="",
            cycle_id=known.cycle_id,
            job=known.job,
            slot=known.slot,
            outcome=known.outcome,
            reasons=known.reasons,
            at=self._desk.ctx.now(),
        )
        self._askers.answer((known.job, known.slot), lambda: ended)

    async def _conduct(self, due: Due, opened: CycleOpened) -> None:
        cycle = self._begun(due, opened.cycle_id, resumed=opened.resumed)
        if due.misfired:
            end = CycleEnd(CycleOutcome.MISFIRED, ("older_than_grace",))
        elif self._is_expired(due):
            # If its row was there already, an earlier incarnation began this cycle and did not end it.
            earlier = opened.resumed and not due.begun
            outcome = CycleOutcome.INTERRUPTED if earlier else CycleOutcome.EXPIRED
            end = CycleEnd(outcome, ("grace_over",))
        elif due.by_person and not (self.recovered and self.taken_up):
            self._wait_again(due)
            return
        else:
            cycle, end = await self._ran(cycle, due)
        self.active = None
        if end.on_disk:
            self._closed(cycle.cycle_id, due, end)
            return
        if due.job is Job.MONITOR and any(reason.startswith(NOT_RECOVERED) for reason in end.reasons):
            self.monitor_owed = True
        unbooked = cycle.unbooked_proposal if isinstance(cycle, EntryCycle) else None
        self.close_row(cycle.cycle_id, due, end, unbooked)

    def _begun(self, due: Due, cycle_id: CycleId, *, resumed: bool) -> Cycle:
        made = KINDS[due.job](self._desk, due, cycle_id, resumed=resumed, results=self._results)
        self.active = made
        return made

    async def _ran(self, cycle: Cycle, due: Due) -> tuple[Cycle, CycleEnd]:
        """Run it; and once more, from the market on, while the books lack room for what it decides."""
        while True:
            if not self.recovered and due.job not in WITHOUT_VENUE:
                self.monitor_owed = self.monitor_owed or due.job is Job.MONITOR
                return cycle, CycleEnd(CycleOutcome.RECOVERING, ("execution_recovering",))
            end = await cycle.run()
            if not (cycle.lacked_room and self._is_in_grace(due, after_s=TELL_AGAIN_S)):
                return cycle, end
            await self._desk.conversations.pause(TELL_AGAIN_S)
            known = await known_end(self._desk, due) if cycle.told_its_end else None
            if known is not None:
                return cycle, known
            cycle = self._begun(due, cycle.cycle_id, resumed=True)

    def _wait_again(self, due: Due) -> None:
        """A recovery began while the row of a person's cycle was opened: the row stays open and waits."""
        self.active = None
        self._waiting.appendleft(replace(due, begun=True))

    def _tell_close(self, ended: EndedCycle) -> str:
        event = ended.event
        request_id = f"end-{event.cycle_id}-{self._desk.ctx.uuid()}"
        self._closing[request_id] = ended
        self._desk.send(
            CloseCycle(
                request_id=request_id,
                cycle_id=event.cycle_id,
                outcome=event.outcome,
                reasons=event.reasons,
                at=event.at,
            ),
            event.cycle_id,
        )
        return request_id

    async def _close(self, request_id: str, ended: EndedCycle) -> None:
        """Wait until the row is closed. A refusal raises an alert and holds up no other cycle.

        Books that have no room are told again, unless the slot runs anew meanwhile; after another refusal
        the next boot takes the row up.
        """
        answer, event = await self._desk.conversations.event(booked_key(request_id)), ended.event
        del self._closing[request_id]
        if isinstance(answer, Refused):
            self.recent.append(ended)
            reasons = ", ".join(answer.reasons)
            text = f"{event.cycle_id} ended {event.outcome.value} and could not be closed: {reasons}"
            self._desk.alert(Severity.HIGH, AlertCode.CYCLE_NOT_CLOSED, text, event.cycle_id)
            # Its end is not on disk, so nobody is told it: who asked may ask again.
            self._askers.refuse((event.job, event.slot), ("cycle_not_closed", *answer.reasons))
        else:
            self._on_disk(ended)
        self.moved()
        while isinstance(answer, Refused) and may_be_told_again(answer):
            await self._desk.conversations.pause(TELL_AGAIN_S)
            if self.knows(event.job, event.slot):
                return
            request_id = self._tell_close(ended)
            answer = await self._desk.conversations.event(booked_key(request_id))
            del self._closing[request_id]
            self.moved()

    def _on_disk(self, ended: EndedCycle) -> None:
        self.recent.append(ended)
        self._askers.answer((ended.event.job, ended.event.slot), lambda: ended.told)

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
        self._desk.alert(severity, CODES[ended.outcome], text, ended.cycle_id)

    def _entered(self, cycle_id: CycleId) -> str:
        try:
            position = self._desk.position(PositionId(proposal_id_of(cycle_id)))
        except RoomUnreachableError as error:
            return f"numbers unknown: {error}"
        return "the books do not know the position" if position is None else entered_text(position)


def _expires(due: Due) -> bool:
    return due.by_person and due.job is Job.ENTRY
