"""Answers the queries of other rooms from the committed books."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar, assert_never, get_args

from actors.room import OneOf
from actors.state.columns import time_text
from actors.state.ended_trades import EndedTrades
from actors.state.tables import cycles, edits, latches, orders, positions, records
from core.messages.base import Query
from core.messages.kill_switch import BooksChanged
from core.messages.state import (
    ClosedTrades,
    GetClosedTrades,
    GetJobRuns,
    GetKillSwitchRow,
    GetLastCycle,
    GetOpenCycles,
    GetOpenInbox,
    GetOrders,
    GetPosition,
    GetSystem,
    GetTradeResults,
    GetUndeliveredAlerts,
    GetWeek,
    JobRuns,
    LastCycle,
    OpenCycles,
    OpenInbox,
    OrdersRead,
    PositionRead,
    StateAnswer,
    SystemRead,
    TradeResults,
    WeekRead,
)
from core.messages.state_queries import AlertsRead, GetAlertsOf
from core.orders.books import Books, Job, OrderRow
from core.orders.identity import Permitted
from core.orders.lifecycle import PositionState
from core.values import CycleId, Label

Read = (
    GetPosition
    | GetOrders
    | GetOpenCycles
    | GetLastCycle
    | GetClosedTrades
    | GetWeek
    | GetTradeResults
    | GetJobRuns
    | GetKillSwitchRow
    | GetUndeliveredAlerts
    | GetAlertsOf
    | GetOpenInbox
    | GetSystem
)
"""The queries that are answered from the tables alone."""
is_read: Final = OneOf(get_args(Read))

R = TypeVar("R")
COUNTED = timedelta(hours=1)
TOLD_AGAIN_AFTER = timedelta(seconds=1)
"""So old may be the time of books that have not changed; the gate allows minutes."""


def read(db: sqlite3.Connection, query: Read) -> StateAnswer:
    """The answer to `query`."""
    match query:
        case GetPosition():
            position = positions.by_id(db, query.position_id)
            return _answer(query, PositionRead(request_id=query.request_id, position=position))
        case GetOrders():
            known = _known_orders(db, query.labels)
            return _answer(query, OrdersRead(request_id=query.request_id, orders=known))
        case GetOpenCycles():
            left = OpenCycles(
                request_id=query.request_id,
                cycles=cycles.without_outcome(db),
                proposed=_proposed(db),
            )
            return _answer(query, left)
        case GetLastCycle():
            cycle = cycles.last_of(db, query.job)
            return _answer(query, LastCycle(request_id=query.request_id, job=query.job, cycle=cycle))
        case GetClosedTrades():
            return _answer(query, ClosedTrades(request_id=query.request_id, positions=positions.closed(db)))
        case GetWeek():
            week = WeekRead(
                request_id=query.request_id,
                entries=cycles.of_job(db, Job.ENTRY, query.began, query.ended),
                account=cycles.account_points(db, query.account_since, query.ended),
                told=records.has_alert(db, query.alert_id),
                first_cycle_at=cycles.first_opened(db),
            )
            return _answer(query, week)
        case GetTradeResults():
            results = EndedTrades(db).results()
            return _answer(query, TradeResults(request_id=query.request_id, results=results))
        case GetJobRuns():
            return _answer(query, JobRuns(next_runs=records.job_runs(db), last_slots=records.last_slots(db)))
        case GetKillSwitchRow():
            return _answer(query, records.kill_switch(db, query.request_id))
        case GetUndeliveredAlerts():
            return _answer(query, records.undelivered_alerts(db, query))
        case GetAlertsOf():
            found = records.alerts_of(db, query.codes)
            return _answer(query, AlertsRead(request_id=query.request_id, alerts=found))
        case GetOpenInbox():
            return _answer(query, OpenInbox(request_id=query.request_id, items=records.open_inbox(db)))
        case GetSystem():
            return _answer(query, SystemRead(key=query.key, value=records.setting(db, query.key)))
        case _:
            assert_never(query)


def _answer(_query: Query[R], answer: R) -> R:
    """`answer`, which the type checker compares with what the query names."""
    return answer


def _proposed(db: sqlite3.Connection) -> tuple[CycleId, ...]:
    live = positions.live(db)
    return tuple(each.cycle_id for each in live if each.state is PositionState.PROPOSED)


def _known_orders(
    db: sqlite3.Connection, labels: tuple[Label, ...]
) -> tuple[tuple[OrderRow, Permitted], ...]:
    known = []
    for label in labels:
        instruction, order = orders.instruction(db, label), orders.order(db, label)
        if instruction is not None and order is not None:
            known.append((order, Permitted.of(instruction, edits.of(db, (label,)))))
    return tuple(known)


class BooksView:
    """The live books, kept until a change makes them stale, and when the kill switch was last told them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._kept: Books | None = None
        self._orders_kept = False
        """Whether the orders of `_kept` are as they stand."""
        self._ended = EndedTrades(db)
        self._results: TradeResults | None = None
        self._requests: tuple[str, ...] = ()
        self._requests_since: datetime | None = None
        self._told_at: datetime | None = None

    def forget(self) -> None:
        """Drop the cache, because positions, orders or instructions have changed."""
        self._kept = self._results = self._requests_since = self._told_at = None

    def forget_orders(self) -> None:
        """Drop what is kept of orders and edits: nothing else has changed."""
        self._orders_kept = False
        self._requests_since = self._told_at = None

    def read(self, query: Read) -> StateAnswer:
        """The answer to `query`, from what is kept if it is there."""
        match query:
            case GetTradeResults():
                if self._results is None:
                    self._results = TradeResults(request_id="", results=self._ended.results())
                    if self._kept is not None:
                        self._kept = self._kept.model_copy(update={"ended": self._results.results})
                # The same tuple, so that who has seen it can tell.
                return self._results.model_copy(update={"request_id": query.request_id})
            case GetPosition():
                return self._position(query)
            case _:
                return read(self._db, query)

    def _position(self, query: GetPosition) -> StateAnswer:
        live = () if self._kept is None else self._kept.positions
        for position in live:
            if position.position_id == query.position_id:
                return PositionRead(request_id=query.request_id, position=position)
        return read(self._db, query)

    def books(self, now: datetime, seq: int) -> Books:
        """The live part of the books as committed."""
        if self._kept is None:
            self._kept = Books(
                as_of=now,
                seq=seq,
                positions=positions.live(self._db),
                **self._orders(),
                latches=latches.as_the_gate_takes_them(self._db),
                ended=None if self._results is None else self._results.results,
            )
        elif not self._orders_kept:
            self._kept = self._kept.model_copy(update=self._orders())
        self._orders_kept = True
        if (self._kept.as_of, self._kept.seq) != (now, seq):
            self._kept = self._kept.model_copy(update={"as_of": now, "seq": seq})
        return self._kept

    def _orders(self) -> dict[str, Any]:
        """The live orders, as fields of `Books`."""
        live = orders.live(self._db)
        return {
            "orders": tuple(order for _, order in live),
            "instructions": tuple(instruction for instruction, _ in live),
            "edits": edits.of(self._db, (order.label for _, order in live)),
        }

    def facts(self, now: datetime, seq: int) -> BooksChanged:
        """What the kill switch's gate needs to know."""
        self._told_at = now
        return BooksChanged(books=self.books(now, seq), entry_requests_last_hour=self._last_hour(now))

    def facts_if_due(self, now: datetime, seq: int) -> BooksChanged | None:
        """The same, or None if the books have not changed and the switch was told them within a second."""
        told = self._told_at
        return None if told is not None and told <= now < told + TOLD_AGAIN_AFTER else self.facts(now, seq)

    def _last_hour(self, now: datetime) -> int:
        since = now - COUNTED
        if self._requests_since is None or since < self._requests_since:
            self._requests = orders.entry_requests_since(self._db, since)
            self._requests_since = since
        return len(self._requests) - bisect_right(self._requests, time_text(since))
