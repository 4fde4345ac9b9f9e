"""Runs the whole engine over an opened market; its result is made of its books and the venue's account."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from actors.state.stored import BooksReader
from core.contract import Trade
from core.orders.books import CycleOutcome, CycleRow, InstructionKind, Job, LatchSource, Position
from core.orders.exit_rule import ExitRule
from core.values import PositionId
from lab.backtest.books import combos_of, premiums_eth
from lab.backtest.engine.road import EngineRoad
from lab.backtest.honesty import Honesty, SeenCost
from lab.backtest.pace import GoesOn, Pace
from lab.backtest.reader import VenueReader
from lab.backtest.result import BacktestResult, Plan, Traded, result_of
from lab.backtest.sources import Opened


def run_engine(plan: Plan, opened: Opened, goes_on: GoesOn) -> BacktestResult:
    """As `run_backtest`."""
    with tempfile.TemporaryDirectory(prefix="cerbero-backtest-") as folder:
        road = EngineRoad(
            opened.source,
            plan.settings.loaded,
            Path(folder),
            assumptions=opened.assumptions,
            begin=opened.began,
            resume_after=plan.resume_after,
            switches=plan.settings.switches,
            chains=opened.chains,
            schedule=plan.schedule,
            latency_s=plan.latency_s,
        )
        try:
            asked = Pace(opened, goes_on)
            with _quiet():
                is_whole = road.run(opened.ended, asked)
            ended = opened.ended if is_whole else asked.reached
            return _result(road, road.books.read(), plan, opened, ended, is_whole=is_whole)
        finally:
            road.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """An engine tells each alert in its log, which a backtest has not got; what fails is raised."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _result(
    road: EngineRoad, books: BooksReader, plan: Plan, opened: Opened, ended: datetime, *, is_whole: bool
) -> BacktestResult:
    positions = books.trades()
    cycles = tuple(row for row in books.cycles(None) if row.closed_at is not None)
    latch = next((each for each in books.latches() if each.source is LatchSource.PROTECTIONS), None)
    traded = Traded(
        positions=positions,
        cycles=cycles,
        latches=tuple(road.latches.values()),
        still_latched=latch is not None and latch.latched,
        vetoes=road.vetoes,
        refused=road.typed.refused,
    )
    reader = VenueReader(road.venue, plan.settings.strategy, opened.chains, plan.schedule)
    return result_of(
        traded,
        road.venue,
        reader,
        _honesty(road, books, positions, cycles),
        road=plan.road,
        market=opened.name,
        span=(road.begin, ended),
        is_whole=is_whole,
        latency_s=plan.latency_s,
    )


def _honesty(
    road: EngineRoad, books: BooksReader, positions: tuple[Position, ...], cycles: tuple[CycleRow, ...]
) -> Honesty:
    """What a report has to admit, counted from what the books and the venue have on record."""
    honesty = Honesty(road.venue.source)
    honesty.account_points += books.account_points()
    for point in honesty.account_points:
        honesty.decided(point.at, entry=True)
    looks = books.exit_looks()
    for look in looks:
        honesty.decided(look.at, entry=False)
        if look.reasons:
            honesty.skipped[look.reasons[0].split(":")[0]] += 1
    honesty.skipped.update(_skipped_whole(positions, cycles, {look.cycle_id for look in looks}))
    honesty.deliveries = sum(position.exit_rule is ExitRule.SETTLEMENT for position in positions)
    seen = {(look.cycle_id, look.position_id): look for look in looks}
    _count_fills(honesty, road, books, positions, seen)
    return honesty


def _skipped_whole(
    positions: tuple[Position, ...], cycles: tuple[CycleRow, ...], decided: set[str]
) -> Counter[str]:
    """Positions at which a monitor could not look at all, for want of a market, by its first reason."""
    found: Counter[str] = Counter()
    for row in cycles:
        if row.job is Job.MONITOR and row.outcome is CycleOutcome.DATA_FAILED and row.cycle_id not in decided:
            found[row.reasons[0]] += sum(_was_held(position, row.opened_at) for position in positions)
    return found


def _was_held(position: Position, at: datetime) -> bool:
    if position.entered_at is None or position.plan.expiration <= at:
        return False
    return position.entered_at <= at and (position.closed_at is None or at < position.closed_at)


def _count_fills(
    honesty: Honesty,
    road: EngineRoad,
    books: BooksReader,
    positions: tuple[Position, ...],
    seen: Mapping[tuple[str, PositionId], SeenCost],
) -> None:
    """Every fill by its order, and what exits paid beyond what their decisions had seen."""
    by_label: defaultdict[str, list[Trade]] = defaultdict(list)
    for trade in road.venue.account.trades.values():
        by_label[trade.label].append(trade)
    known = {position.position_id: position for position in positions}
    for instruction, _ in books.orders(None):
        fills = by_label.get(instruction.label)
        if not fills:
            continue
        honesty.filled(fills)
        if instruction.kind is InstructionKind.EXIT:
            position_id = PositionId(instruction.proposal_id)
            look = seen[str(instruction.cycle_id), position_id]
            combos = combos_of(known[position_id], fills)
            honesty.exited(look, combos, -premiums_eth(fills))
