"""The cycles of a run, as the engine's decision conducts them: entry, monitor, settlement."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from actors.decision.facts import is_held, marks_of, monitor_inputs, risk_usd
from core.market.chain_spans import ExpirySpan
from core.orders.books import OUTCOME_RANK, CycleOutcome, Delivery, Job, Position
from core.orders.lifecycle import PositionState
from core.orders.working import EXIT_STEPS_BEYOND, FILL_TIMEOUT
from core.rules.conduct import AS_IT_TRADES, Conduct
from core.rules.entry.blocked import check_blocked
from core.rules.entry.decision import EntryOutcome
from core.rules.entry.protections import PROTECTIONS
from core.rules.exit.decision import Skipped
from core.rules.facts import NOT_READ, EngineFacts, EntryFacts, MonitorMarket
from core.statistics.account import AccountPoint
from core.strategy import Strategy
from core.values import Failed, PositionId, cycle_id_of
from lab.backtest.agenda import Agenda, Process, Signal, Wait
from lab.backtest.books import BacktestBooks
from lab.backtest.honesty import Honesty
from lab.backtest.orders import EntryEnd, Exit, Trading, close, enter
from lab.backtest.protection import OwnResults
from lab.backtest.reader import NoFactsError, VenueReader

SETTLE_WAIT: Final = timedelta(seconds=120)
"""So long a settlement waits for an exit that is under way on what has expired."""
ORDERS: Final = 6
"""The rank of exits under way: of what is due at one moment their looks come last. An engine plans a slot, or
the end of a wait, before the last look that an exit takes before it."""


class CycleEnding(NamedTuple):
    """How a cycle ended."""

    outcome: CycleOutcome
    reasons: tuple[str, ...] = ()


CycleProcess = Generator[Wait, None, CycleEnding]


@dataclass
class Cycles:
    """What the cycles of one run share. `suspended` says what blocks entries beside the latch."""

    agenda: Agenda
    reader: VenueReader
    books: BacktestBooks
    protection: OwnResults
    trading: Trading
    strategy: Strategy
    honesty: Honesty
    suspended: Callable[[], tuple[str, ...]]
    conduct: Conduct = AS_IT_TRADES
    exits: dict[PositionId, Exit] = field(default_factory=dict)

    def entry(self, slot: datetime) -> CycleProcess:
        """Decide, and work the order until it is final."""
        now, reader = self.reader.now, self.reader
        if self.conduct.window_end(now) is not None:
            return CycleEnding(CycleOutcome.BLOCKED, ("maintenance_window",))
        engine = self._engine()
        blocked = check_blocked(engine, self.strategy).reasons
        if blocked:
            return CycleEnding(CycleOutcome.BLOCKED, blocked)
        live = self.books.live
        try:
            held = {position.plan.expiration for position in live}
            market = reader.entry_market(held) if self.conduct.gated else reader.ungated_market(held)
            account = reader.account()
        except NoFactsError as error:
            return CycleEnding(CycleOutcome.DATA_FAILED, (error.reason,))
        trading = None
        if self.conduct.gated:
            trading = self.protection.trading(now, marks_of(market.chain, live), market.spot_usd)
        facts = EntryFacts(now=now, engine=engine, account=account, market=market, trading=trading)
        self.honesty.account_points.append(AccountPoint(now, facts.account.venue_equity_eth, market.spot_usd))
        decision = self.conduct.decide_entry(facts, self.strategy)
        self.honesty.decided(now, entry=True)
        for found in decision.rules:
            if found.rule == PROTECTIONS:
                self.protection.take(now, found)
        if decision.plan is None:
            outcome = {
                EntryOutcome.BLOCKED: CycleOutcome.BLOCKED,
                EntryOutcome.DATA_ANOMALY: CycleOutcome.DATA_FAILED,
            }.get(decision.outcome, CycleOutcome.NO_ENTRY)
            return CycleEnding(outcome, (decision.outcome.value, *decision.reasons))
        cycle_id = cycle_id_of(Job.ENTRY, slot)
        position_id, end = PositionId(f"p-{cycle_id}"), EntryEnd()
        self.books.await_fill(position_id, cycle_id, decision.plan)
        yield from enter(self.trading, position_id, decision.plan, end)
        self.books.end_entry()
        return _entry_end(end)

    def _engine(self) -> EngineFacts:
        live = self.books.live
        return EngineFacts(
            strategy_enabled=True,
            armed=False,
            suspended_reasons=(*self.suspended(), *self.protection.latched),
            open_positions=len(live),
            orders_in_doubt=0,
            risk_open_usd=sum(risk_usd(position) for position in live),
        )

    def monitor(self, _slot: datetime) -> CycleProcess:
        """Decide on every position, send the exits that are due, and wait for them for a while."""
        now = self.reader.now
        outcomes, reasons = {CycleOutcome.NOTHING_OPEN}, list[str]()
        to_decide, closing = list[Position](), list[Position]()
        for position in self.books.live:
            if not is_held(position):
                continue
            if position.plan.expiration <= now:
                reasons.append(f"awaiting_settlement:{position.position_id}")
            elif position.state is PositionState.CLOSING:
                closing.append(position)
                outcomes.add(CycleOutcome.EXIT_WORKING)
                reasons.append(f"exit_under_way:{position.position_id}")
            else:
                to_decide.append(position)
        due: list[Exit] = []
        if to_decide:
            expirations = {position.plan.expiration for position in to_decide}
            try:
                market = self.reader.monitor_market(
                    ExpirySpan(min(expirations), max(expirations)),
                    with_account=self.protection.can_latch or self.strategy.exits.margin_exit is not None,
                )
            except NoFactsError as error:
                self.honesty.skipped[error.reason] += len(to_decide)
                return CycleEnding(CycleOutcome.DATA_FAILED, (error.reason,))
            due = self._decide(now, to_decide, closing, market, outcomes, reasons)
        elif not self.books.live:
            self.protection.look_at_nothing(now)
        if due:
            yield from self._close_due(due, outcomes, reasons)
        return CycleEnding(next(outcome for outcome in OUTCOME_RANK if outcome in outcomes), tuple(reasons))

    def _decide(
        self,
        now: datetime,
        positions: list[Position],
        closing: list[Position],
        market: MonitorMarket,
        outcomes: set[CycleOutcome],
        reasons: list[str],
    ) -> list[Exit]:
        due = []
        for facts in monitor_inputs(now, positions, market, closing=closing):
            position_id = facts.position.position_id
            decision = self.conduct.decide_exit(facts, self.strategy)
            self.honesty.decided(now, entry=False)
            if isinstance(decision, Skipped):
                self.honesty.skipped[decision.reasons[0].split(":")[0]] += 1
                outcomes.add(CycleOutcome.DATA_FAILED)
                reasons += [f"{reason}@{position_id}" for reason in decision.reasons]
                continue
            reasons.append(f"{decision.code}:{position_id}")
            if decision.rule is None:
                outcomes.add(CycleOutcome.HELD)
            else:
                known = self.exits.get(position_id)
                due.append(known or Exit(decision, decision.rule, Signal()))
        if self.protection.can_latch:
            marks_eth = marks_of(market.chain, self.books.live)
            self.protection.look(now, marks_eth, market.spot_usd, market.account or NOT_READ)
        return due

    def _close_due(self, due: list[Exit], outcomes: set[CycleOutcome], reasons: list[str]) -> Process:
        execution = self.strategy.execution
        seconds = execution.exit_reprice_s * (execution.exit_steps + EXIT_STEPS_BEYOND)
        deadline = self.reader.now + timedelta(seconds=seconds)
        for exit_ in due:
            if exit_.position_id not in self.exits:
                self.exits[exit_.position_id] = exit_
                self.agenda.start(self._run_exit(exit_), ORDERS)
        waiting = list(due)
        while waiting:
            for exit_ in list(waiting):
                position_id = exit_.position_id
                if not self.books.positions[position_id].is_live:
                    outcomes.add(CycleOutcome.EXITED)
                elif exit_.blocked:
                    outcomes.add(CycleOutcome.EXIT_BLOCKED)
                    reasons += [f"{reason}@{position_id}" for reason in exit_.blocked]
                else:
                    continue
                waiting.remove(exit_)
            if not waiting:
                return
            if self.reader.now >= deadline:
                outcomes.add(CycleOutcome.EXIT_WORKING)
                reasons += [f"exit_working:{exit_.position_id}" for exit_ in waiting]
                return
            yield Wait(deadline, waiting[0].ended)

    def _run_exit(self, exit_: Exit) -> Process:
        yield from close(self.trading, exit_)
        del self.exits[exit_.position_id]
        self.agenda.give(exit_.ended)

    def settlement(self, _slot: datetime) -> CycleProcess:
        """Book the venue's deliveries of what has expired."""
        if not self.books.live:
            return CycleEnding(CycleOutcome.NOTHING_OPEN)
        now = self.reader.now
        for position in self.books.live:
            under_way = self.exits.get(position.position_id)
            if position.plan.expiration <= now and under_way is not None:
                yield Wait(now + SETTLE_WAIT, under_way.ended)
        deliveries = self.trading.deliveries()
        if isinstance(deliveries, Failed):
            return CycleEnding(CycleOutcome.DATA_FAILED, deliveries.reasons)
        by_position: dict[PositionId, list[Delivery]] = {}
        for delivery in deliveries:
            by_position.setdefault(delivery.position_id, []).append(delivery)
        for position_id, delivered in by_position.items():
            self.books.book_deliveries(position_id, delivered)
        self.honesty.deliveries += len(by_position)
        if not by_position:
            return CycleEnding(CycleOutcome.HELD, ("nothing_expired",))
        settled = (f"settled:{position_id}" for position_id in by_position)
        return CycleEnding(CycleOutcome.SETTLED, (f"deliveries:{len(deliveries)}", *settled))


def _entry_end(end: EntryEnd) -> CycleEnding:
    if end.vetoed:
        return CycleEnding(CycleOutcome.VETOED, end.vetoed)
    if end.refused is not None:
        return CycleEnding(CycleOutcome.REFUSED, (end.refused,))
    if end.filled == 0:
        return CycleEnding(CycleOutcome.NOT_FILLED, (FILL_TIMEOUT,))
    if end.filled < end.amount:
        return CycleEnding(CycleOutcome.ENTERED, ("partly_filled", FILL_TIMEOUT))
    return CycleEnding(CycleOutcome.ENTERED)
