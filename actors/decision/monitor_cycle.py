"""The monitor cycle: applies the exit rules to each open position, and sends due exits or raises alerts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from actors.decision.cycle import Cycle, CycleEnd, Step
from actors.decision.desk import RoomUnreachableError
from actors.decision.facts import is_held, monitor_inputs
from actors.decision.results import Note
from actors.runtime import Key
from core.alerts import AlertCode, Severity
from core.messages.execution import ClosePosition, ExitStarted, PositionClosed, SettleExpired
from core.messages.market_data import SnapshotKind
from core.messages.state import EndOfCycle, RecordDecision
from core.orders.books import OUTCOME_RANK, Books, CycleOutcome, Position
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from core.orders.working import EXIT_STEPS_BEYOND
from core.rules import record as decision_record
from core.rules.exit.decision import ExitDecision, Skipped
from core.rules.facts import MonitorFacts, MonitorMarket
from core.values import PositionId

OVERDUE: Final = timedelta(hours=1)
"""So long after its slot a settlement has had its time; what is not booked then was missed or failed."""

NOT_OPEN_CLOSED: Final = "not_open:closed"
"""Execution's reason if the position was closed meanwhile: `PositionClosed` follows."""


def exit_key(position_id: PositionId) -> Key[ExitStarted]:
    """Whether an exit of the position is under way."""
    return Key(f"exit:{position_id}")


def closed_key(position_id: PositionId) -> Key[PositionClosed]:
    """The position has nothing left to close."""
    return Key(f"closed:{position_id}")


def settles_at(expiration: datetime, settlement_time: str) -> datetime:
    """The first settlement, daily at that time, that can book what expires then."""
    hour, minute = map(int, settlement_time.split(":"))
    slot = expiration.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return slot if slot >= expiration else slot + timedelta(days=1)


def tables_of(decisions: Iterable[ExitDecision]) -> str:
    """The decisions on all positions as text, rule by rule."""
    return "\n".join(decision.table() for decision in decisions)


class DueExit(NamedTuple):
    """The rule that closes a position, and every rule that matched."""

    rule: ExitRule
    matched: tuple[ExitRule, ...]


class MonitorCycle(Cycle):
    """Looks at every position, also while the switch is armed."""

    @staticmethod
    def idle(books: Books, now: datetime) -> CycleEnd | None:  # noqa: ARG004  (as `Cycle.idle`)
        """As `Cycle.idle`: nothing is held."""
        if any(is_held(position) for position in books.positions):
            return None
        return CycleEnd(CycleOutcome.NOTHING_OPEN)

    def idled(self, books: Books) -> None:
        """As `Cycle.idled`: the protections."""
        self.results.tell(self._look(None, books))

    async def conduct(self) -> CycleEnd:
        self.outcomes: set[CycleOutcome] = {CycleOutcome.NOTHING_OPEN}
        self.reasons: list[str] = []
        self.decisions: list[ExitDecision] = []
        self.exits: dict[PositionId, DueExit] = {}
        self.closing: list[Position] = []
        self.closed = False
        books = self.desk.books()
        end = self.idle(books, self.desk.ctx.now())
        if end is not None:
            self.idled(books)
            return end
        self._settle_overdue(books, self.desk.ctx.now())
        to_decide = self._positions_to_decide(books)
        if to_decide:
            expirations = tuple(sorted({position.plan.expiration for position in to_decide}))
            market = await self.snapshot(SnapshotKind.MONITOR, expirations)
            if not isinstance(market, MonitorMarket):
                found = type(market).__name__
                raise TypeError(f"{self.cycle_id}: expected the market of a monitor, found {found}")
            await self._decide(to_decide, market)
            if self.exits:
                await self._close_due()
        return self._end()

    def _end(self) -> CycleEnd:
        outcome = next(outcome for outcome in OUTCOME_RANK if outcome in self.outcomes)
        text = partial(tables_of, tuple(self.decisions))
        return CycleEnd(outcome, tuple(self.reasons), text, on_disk=self.closed)

    def _settle_overdue(self, books: Books, now: datetime) -> None:
        """Have execution try again to book deliveries that the day's settlement has missed, without waiting
        for it: the other positions are looked at meanwhile."""
        held = [position for position in books.positions if is_held(position)]
        settlement_time = self.desk.strategy.scheduler.settlement_time
        if any(settles_at(position.plan.expiration, settlement_time) + OVERDUE <= now for position in held):
            self.desk.ctx.tell(
                self.desk.rooms.execution,
                SettleExpired(request_id=f"settle-{self.cycle_id}", cycle_id=self.cycle_id),
                correlation=self.cycle_id,
            )

    def _positions_to_decide(self, books: Books) -> list[Position]:
        """The positions to decide on; notes why the others need no decision."""
        now = self.desk.ctx.now()
        to_decide = []
        for position in books.positions:
            if not is_held(position):
                continue
            if position.plan.expiration <= now:
                self.reasons.append(f"awaiting_settlement:{position.position_id}")
            elif position.state is PositionState.CLOSING:
                self.closing.append(position)
                self._note(CycleOutcome.EXIT_WORKING, f"exit_under_way:{position.position_id}")
            else:
                to_decide.append(position)
        return to_decide

    def _look(self, market: MonitorMarket | None, books: Books | None = None) -> tuple[Note, ...]:
        """Check the protections and the margin: what to tell state. Exits go on if that can't be done.
        `books` if they were read just now."""
        try:
            books = self.desk.books() if books is None else books
            return self.results.at_monitor(market, books, self.cycle_id)
        except RoomUnreachableError as error:
            self.desk.ctx.log().warning("the protections are not checked by %s: %s", self.cycle_id, error)
            return ()

    async def _decide(self, positions: list[Position], market: MonitorMarket) -> None:
        """Decide on each position, and record every decision. If there is one, from which nothing follows, no
        alert either, its record closes the row."""
        desk = self.desk
        now = desk.ctx.now()
        self.enter(Step.RECORDING, desk.rooms.state)
        inputs = monitor_inputs(now, positions, market, closing=self.closing)
        records = [self._decided(facts, now) for facts in inputs]
        may_end = len(records) == 1 and self._end().outcome is CycleOutcome.HELD
        # What is noted comes before the end. An exit does not wait for the look.
        notes = self._look(market) if may_end else ()
        if may_end and not notes:
            await self._record_with_end(records[0])
            return
        booked = [desk.send(record, self.cycle_id) for record in records]
        self.results.tell(notes if may_end else self._look(market))
        await self.booked(*booked)

    async def _record_with_end(self, decided: RecordDecision) -> None:
        """Record the decision and close the row by one message, a request of its own."""
        found = self._end()
        last = {
            "request_id": f"end-{self.cycle_id}-{self.desk.ctx.uuid()}",
            "end": EndOfCycle(outcome=found.outcome, reasons=found.reasons),
        }
        await self.booked_with_end(self.desk.send(decided.model_copy(update=last), self.cycle_id))
        self.closed = True

    def _decided(self, facts: MonitorFacts, now: datetime) -> RecordDecision:
        """Decide on one position: what is to be recorded of it."""
        desk, position_id = self.desk, facts.position.position_id
        decision = desk.conduct.decide_exit(facts, desk.strategy)
        texts: list[str] = []
        record = decision_record.record(facts, decision, desk.code_version, texts.append)
        self._take(decision)
        return RecordDecision(
            request_id=f"decision-{self.cycle_id}-{position_id}-{desk.ctx.uuid()}",
            cycle_id=self.cycle_id,
            at=now,
            record=record,
            texts=tuple(texts),
        )

    def _take(self, decision: ExitDecision | Skipped) -> None:
        position_id = decision.position_id
        if isinstance(decision, Skipped):
            self._note(CycleOutcome.DATA_FAILED, *(f"{reason}@{position_id}" for reason in decision.reasons))
            return
        self.decisions.append(decision)
        self.reasons.append(f"{decision.code}:{position_id}")
        rule = decision.rule
        if rule is None:
            self.outcomes.add(CycleOutcome.HELD)
        else:
            self.exits[position_id] = DueExit(rule, decision.matched)

    async def _close_due(self) -> None:
        """Send every exit that is due, and wait for its end until the step's deadline."""
        desk = self.desk
        blocked = self._blocked()
        if blocked:
            for position_id in list(self.exits):
                self._exit_blocked(position_id, blocked)
            return
        execution = desk.strategy.execution
        within_s = execution.exit_reprice_s * (execution.exit_steps + EXIT_STEPS_BEYOND)
        self.enter(Step.EXIT, desk.rooms.execution, within_s)
        for position_id, due in self.exits.items():
            desk.ctx.tell(
                desk.rooms.execution,
                ClosePosition(
                    request_id=f"close-{self.cycle_id}-{position_id}",
                    cycle_id=self.cycle_id,
                    position_id=position_id,
                    exit_rule=due.rule,
                    reason=", ".join(due.matched),
                ),
                correlation=self.cycle_id,
            )
        while self.exits:
            keys = [
                key for position_id in self.exits for key in (exit_key(position_id), closed_key(position_id))
            ]
            came = await self.first_of(*keys)
            if came is None:
                for position_id in self.exits:
                    self._note(CycleOutcome.EXIT_WORKING, f"exit_working:{position_id}")
                return
            match came.event:
                case PositionClosed() as closed:
                    del self.exits[closed.position_id]
                    self.outcomes.add(CycleOutcome.EXITED)
                case ExitStarted() as said if not said.started and NOT_OPEN_CLOSED not in said.reasons:
                    self._exit_blocked(said.position_id, said.reasons)

    def _blocked(self) -> tuple[str, ...]:
        """Why the switch blocks exits; empty if it does not, or can't be asked: then the gate decides."""
        try:
            switch = self.desk.switch()
        except RoomUnreachableError as error:
            self.desk.ctx.log().warning("the kill switch is not read before an exit: %s", error)
            return ()
        if not (switch.armed and switch.exits_blocked):
            return ()
        return ("kill_switch_armed", *(cause.value for cause in switch.causes))

    def _exit_blocked(self, position_id: PositionId, reasons: tuple[str, ...]) -> None:
        """Note an exit that is due but not started, and raise an alert every time."""
        due = self.exits.pop(position_id)
        self._note(CycleOutcome.EXIT_BLOCKED, *(f"{reason}@{position_id}" for reason in reasons))
        text = f"{position_id}: exit by {due.rule} is due and blocked: {', '.join(reasons)}"
        self.desk.alert(Severity.CRITICAL, AlertCode.EXIT_BLOCKED, text, self.cycle_id)

    def _note(self, outcome: CycleOutcome, *reasons: str) -> None:
        self.outcomes.add(outcome)
        self.reasons += reasons
