"""One run of a strategy over a market: the jobs of an engine's day, a cycle at a time, orders beside them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.checks import at_least
from core.market.own_snapshots import FAILURES_BEFORE_SUSPENDING, MARKET_DATA_SOURCE
from core.orders.books import CycleRow, EntryLatch, Job
from core.rules.exit.margin import margin_use
from core.strategy import Strategy
from core.values import cycle_id_of
from gateway.paper.account import VENUE_FEES, Account
from gateway.paper.assumptions import Assumptions
from gateway.paper.source import MarketSource, hole_at
from gateway.paper.venue import USD_QUANTUM, Venue
from lab.backtest.agenda import MOMENT, NEVER, Agenda, Process, Signal, Wait
from lab.backtest.books import BacktestBooks
from lab.backtest.calendar import last_slot, next_daily, next_weekly
from lab.backtest.cycles import CycleProcess, Cycles
from lab.backtest.honesty import Honesty
from lab.backtest.marks import HeldAtMarks
from lab.backtest.orders import Trading
from lab.backtest.protection import NEARLY, OwnResults
from lab.backtest.reader import Chains, VenueReader
from lab.backtest.schedule import Schedule
from lab.backtest.switched import AS_RECORDED, NO_FEES, conduct_of
from lab.backtest.switches import AS_IN_AN_ENGINE, Switches

SETTLEMENT, MONITOR, ENTRY, CYCLES, SNAPSHOT, PERSON = range(6)
"""Ranks of what is due at one moment, before exits under way. A snapshot comes after the cycles of its slot,
which have looked themselves."""


@dataclass(frozen=True)
class DueSlot:
    """A slot that waits for its turn."""

    job: Job
    slot: datetime
    from_snapshot: bool = False


class CoreRoad:
    """A run from the market's start, or from `begin`. What it found stands in its parts."""

    def __init__(
        self,
        source: MarketSource,
        strategy: Strategy,
        *,
        assumptions: Assumptions | None = None,
        begin: datetime | None = None,
        resume_after: timedelta | None = None,
        switches: Switches = AS_IN_AN_ENGINE,
        chains: Chains | None = None,
        schedule: Schedule = Schedule.PRODUCTION,
    ) -> None:
        """`resume_after`: a person resumes entries so long after a latch of the protections; None: never."""
        assumed = Assumptions() if assumptions is None else assumptions
        self.begin = source.start if begin is None else begin
        self.strategy = strategy
        account = Account(assumed.balance_eth, VENUE_FEES if switches.fees else NO_FEES)
        conduct = conduct_of(switches, strategy)
        quantum = USD_QUANTUM if chains is None else AS_RECORDED
        self.venue = Venue(source, account, self.begin, assumed, quantum)
        self.agenda = Agenda(self.begin)
        self.books = BacktestBooks()
        self.honesty = Honesty(source)
        self.reader = VenueReader(self.venue, strategy, chains, schedule)
        self.protection = OwnResults(self.books, strategy, self.reader.marked_at)
        self.trading = Trading(
            self.venue,
            self.reader,
            self.books,
            strategy,
            self.honesty,
            self._blocking_sources,
            gated=conduct.gated,
            first_exit_step=conduct.first_exit_step,
        )
        self.cycles = Cycles(
            self.agenda,
            self.reader,
            self.books,
            self.protection,
            self.trading,
            strategy,
            self.honesty,
            self._suspended,
            conduct=conduct,
        )
        self._at_marks = HeldAtMarks(self.venue, self.books)
        self._source = source
        self._schedule = schedule
        self._resume_after = resume_after
        self._every = timedelta(minutes=strategy.scheduler.snapshot_every_min)
        self._waiting: deque[DueSlot] = deque()
        self._moved = Signal()
        self._run: set[tuple[Job, datetime]] = set()
        self._resumed: EntryLatch | None = None
        self._held = Signal()
        """Given when something may be held that was not before: stored snapshots look again."""
        self._start_jobs()

    def run(self, end: datetime, goes_on: Callable[[datetime], bool] = lambda _: True) -> bool:
        """Run what is due before `end`, and whether it was reached: `goes_on` is asked before each step."""
        agenda, venue = self.agenda, self.venue
        while (due := agenda.due(end)) is not None:
            if not goes_on(due):
                return False
            venue.advance(due)
            agenda.run_next()
        venue.advance(end)
        return True

    def _start_jobs(self) -> None:
        scheduler, start = self.strategy.scheduler, self.agenda.start
        just_before = self.begin - timedelta(microseconds=1)

        def settlement(after: datetime) -> datetime:
            return next_daily((scheduler.settlement_time,), after)

        def monitor(after: datetime) -> datetime:
            return next_daily(scheduler.monitor_times, after)

        def entry(after: datetime) -> datetime:
            return next_weekly(scheduler.entry_weekday, scheduler.entry_time, after)

        start(self._work(), CYCLES)
        for job, rank, following in (
            (Job.SETTLEMENT, SETTLEMENT, settlement),
            (Job.MONITOR, MONITOR, monitor),
            (Job.ENTRY, ENTRY, entry),
        ):
            first = following(just_before)
            start(self._announce(job, first, following), rank, first)
        if self._looks_matter():
            start(self._snapshots(), SNAPSHOT, self.begin)

    def _looks_matter(self) -> bool:
        """Whether a stored snapshot can change anything: by a protection that is latched, or by an exit."""
        if self._schedule is Schedule.SPARSE:
            return False
        exits = self.strategy.exits
        return self.protection.can_latch or exits.monitor_on_snapshot or exits.margin_exit is not None

    def _announce(self, job: Job, first: datetime, following: Callable[[datetime], datetime]) -> Process:
        slot = first
        while True:
            self._add(DueSlot(job, slot))
            slot = following(slot)
            yield Wait(slot)

    def _add(self, due: DueSlot) -> None:
        if due.from_snapshot and self.cycles.conduct.window_end(self.reader.now) is not None:
            return
        if (due.job, due.slot) not in self._run:
            self._run.add((due.job, due.slot))
            self._waiting.append(due)
            self.agenda.give(self._moved)

    def _work(self) -> Process:
        """One cycle at a time; monitors wait for the end of the maintenance window."""
        while True:
            window = self.cycles.conduct.window_end(self.reader.now)
            due = next(
                (each for each in self._waiting if each.job is not Job.MONITOR or window is None), None
            )
            if due is None:
                yield Wait(window if window is not None and self._waiting else NEVER, self._moved)
                continue
            self._waiting.remove(due)
            opened_at = self.reader.now
            end = yield from self._conduct(due)
            self.books.cycles.append(
                CycleRow(
                    cycle_id=cycle_id_of(due.job, due.slot),
                    job=due.job,
                    slot=due.slot,
                    opened_at=opened_at,
                    closed_at=self.reader.now,
                    outcome=end.outcome,
                    reasons=end.reasons,
                )
            )
            self._after_cycle()

    def _conduct(self, due: DueSlot) -> CycleProcess:
        match due.job:
            case Job.ENTRY:
                return self.cycles.entry(due.slot)
            case Job.SETTLEMENT:
                return self.cycles.settlement(due.slot)
            case _:
                return self.cycles.monitor(due.slot)

    def _after_cycle(self) -> None:
        """What follows from what a cycle did: snapshots look at what is held, a person at a breach."""
        if self.books.live:
            self.agenda.give(self._held)
        self._plan_resumption()

    def _plan_resumption(self) -> None:
        """A person resumes entries a while after each latch."""
        latch = self.books.latch
        if latch is None or not latch.latched or self._resume_after is None or latch is self._resumed:
            return
        self._resumed = latch
        self.agenda.start(self._resume(latch.at + self._resume_after + MOMENT), PERSON)

    def _resume(self, at: datetime) -> Process:
        yield Wait(at)
        self.protection.resume(self.reader.now)

    def _snapshots(self) -> Process:
        """Look at the stored snapshots while something is held, and once after that.

        If a monitor follows each of them, it does so whether anything is held or not.
        """
        always = self.strategy.exits.monitor_on_snapshot
        looks_again, slot = False, last_slot(self._every, self.begin - MOMENT) + self._every
        while True:
            if not always and not self.books.live and not looks_again:
                yield Wait(NEVER, self._held)
                slot = self._next_slot()
            if slot > self.reader.now:
                yield Wait(slot)
            slot = slot + self._every if slot == self.reader.now else self._next_slot()
            looks_again = bool(self.books.live) or looks_again
            if not self.reader.has_quotes:
                continue
            holds = looks_again
            looks_again = bool(self.books.live)
            if holds:
                self._look()
            elif always:
                self._add(DueSlot(Job.MONITOR, self.reader.now, from_snapshot=True))

    def _look(self) -> None:
        now, live = self.reader.now, self.books.live
        exits = self.strategy.exits
        if not exits.monitor_on_snapshot and live and not self._may_change(now):
            return
        account = self.reader.held_account()
        self.protection.look(now, *self.reader.marked_at(now, live), account)
        self._plan_resumption()
        use, limit = margin_use(account), exits.margin_exit
        margin_is_due = use is not None and limit is not None and at_least("margin", use, limit).passed
        if exits.monitor_on_snapshot or margin_is_due:
            self._add(DueSlot(Job.MONITOR, now, from_snapshot=True))

    def _may_change(self, now: datetime) -> bool:
        """Whether a look may find a breach or too much margin, by what is held at its marks."""
        held = self._at_marks.valued()
        if held is None:
            return True
        limit = self.strategy.exits.margin_exit
        if limit is not None and held.margin_eth >= NEARLY * limit * held.equity_eth:
            return True
        return self.protection.may_change(now, held.pnl_usd, held.equity_usd)

    def _next_slot(self) -> datetime:
        return last_slot(self._every, self.reader.now) + self._every

    def _suspended(self) -> tuple[str, ...]:
        """Whether the last stored snapshots before now have all failed."""
        if self._schedule is Schedule.SPARSE:
            return ()
        last = last_slot(self._every, self.reader.now - MOMENT)
        slots = [last - number * self._every for number in range(FAILURES_BEFORE_SUSPENDING)]
        failed = all(slot >= self.begin and hole_at(self._source.holes, slot) is not None for slot in slots)
        return (MARKET_DATA_SOURCE,) if failed else ()

    def _blocking_sources(self) -> tuple[str, ...]:
        """What the gate refuses entries by, by its source."""
        latch = self.books.latch
        latched = () if latch is None or not latch.latched else (latch.source.value,)
        return tuple(sorted((*self._suspended(), *latched)))
