"""Engine and books are read once for all who ask; one that is dead, silent or damaged is told as that."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from math import isnan
from pathlib import Path

import pytest
from pydantic import ValidationError

from actors.audit.files import AUDIT_FOLDER
from actors.state.database import DATABASE_FILE
from cli.data_folder import locked
from core.checks import RuleResult, at_most
from core.contract.base import Router
from core.errors import EngineNotRunningError, FoundWrongError, NoAnswerError
from core.messages.arm_cause import ArmCause
from core.messages.engine_status import EngineStatus
from core.messages.room_status import (
    AlertingStatus,
    ChannelStatus,
    DecisionStatus,
    ResultsSeen,
)
from core.orders.books import EntryLatch, Job, LatchSource
from core.rules.entry.protections import DRAWDOWN, PROTECTIONS
from core.statistics.marked import pnl_at_marks_eth
from reading.metrics import reader as module
from reading.metrics import table
from reading.metrics.labels import ActorLabel, Protection, ReadPart, SuspendedBy
from reading.metrics.reader import MetricsReader
from reading.metrics.series import Figures, Series
from tests.actors.state.books_room import BooksRoom
from tests.fakes.clear_switch import CLEAR
from tests.fakes.engine_status import LATER, MARKS, PUT, state
from tests.fakes.forbidden import forbid_reading
from tests.fakes.whole_books import make_whole_books


class Asked:
    """An engine that is asked, or raises; and a clock that stands still unless it is moved."""

    def __init__(self, answer: EngineStatus | Exception) -> None:
        self.answer = answer
        self.times = 0
        self.now_s = 100.0

    def status(self, _: Path) -> EngineStatus:
        self.times += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def reader(
        self, folder: Path, armed_by: Callable[[Path], Collection[ArmCause] | None] = lambda _: None
    ) -> MetricsReader:
        return MetricsReader(folder, armed_by=armed_by, status=self.status, clock=lambda: self.now_s)


DEAD = EngineNotRunningError("no engine runs on data")


def read(folder: Path, answer: EngineStatus | Exception) -> Figures:
    return Asked(answer).reader(folder).figures()


def one(figures: Figures, series: Series) -> float:
    return figures.values[series][""]


def marked(figures: Figures, series: Series) -> set[str]:
    return {key for key, value in figures.values[series].items() if value == 1.0}


def test_many_scrapers_within_a_second_are_one_question(tmp_path: Path) -> None:
    asked = Asked(state())
    reader = asked.reader(tmp_path)
    first = reader.figures()
    asked.now_s += 0.999
    assert reader.figures() is first
    assert asked.times == 1
    asked.now_s += 0.001
    assert reader.figures() is not first
    assert asked.times == 2


def test_a_slow_answer_is_as_old_as_its_end(tmp_path: Path) -> None:
    asked = Asked(state())

    def slow(folder: Path) -> EngineStatus:
        asked.now_s += 8.0
        return asked.status(folder)

    reader = MetricsReader(tmp_path, armed_by=lambda _: None, status=slow, clock=lambda: asked.now_s)
    figures = reader.figures()
    assert reader.figures() is figures
    assert figures.values[table.READ_SECONDS][ReadPart.STATUS] == 8.0


def test_a_dead_engine_is_told_with_what_its_books_say(tmp_path: Path) -> None:
    folder = make_whole_books(tmp_path)
    figures = Asked(DEAD).reader(folder, armed_by=lambda _: (ArmCause.OPERATOR,)).figures()
    assert one(figures, table.UP) == 0.0
    assert one(figures, table.LOCK_HELD) == 0.0
    assert one(figures, table.BOOKS_READABLE) == 1.0
    assert one(figures, table.ARMED) == 1.0
    assert one(figures, table.AUDIT_RECORDS) > 0.0
    assert one(figures, table.DISK_FREE) > 0.0
    assert one(figures, table.BOOKS_BYTES) > 0.0
    assert figures.values[table.POSITIONS]["closed"] == 1.0
    assert isnan(one(figures, table.EQUITY))
    assert isnan(one(figures, table.MARKET_AGE))
    assert marked(figures, table.VERDICT) == {"LOOK"}


def test_an_engine_that_hangs_holds_its_folder(tmp_path: Path) -> None:
    with locked(tmp_path, lambda: tmp_path / "s"):
        figures = read(tmp_path, NoAnswerError("engine: no answer within 9 s"))
    assert one(figures, table.UP) == 0.0
    assert one(figures, table.LOCK_HELD) == 1.0
    assert figures.values[table.READ_FAILURES] == {ReadPart.STATUS: 1.0, ReadPart.BOOKS: 0.0}


def test_an_engine_of_another_version_is_not_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValidationError) as raised:
        EngineStatus.model_validate_json('{"secret": "s3cret"}')
    assert one(read(tmp_path, raised.value), table.UP) == 0.0
    assert "another version" in caplog.text
    assert "s3cret" not in caplog.text


def test_books_that_cannot_be_read_leave_the_rest(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"no database" * 100)
    alive, dead = read(tmp_path, state()), read(tmp_path, DEAD)
    for figures in (alive, dead):
        assert one(figures, table.BOOKS_READABLE) == 0.0
        assert isnan(one(figures, table.AUDIT_RECORDS))
        assert figures.values[table.READ_FAILURES][ReadPart.BOOKS] == 1.0
    assert one(alive, table.UP) == 1.0
    assert marked(dead, table.VERDICT) == {"ACT"}


def test_books_that_are_older_than_their_log_ask_for_a_person(tmp_path: Path) -> None:
    folder = make_whole_books(tmp_path / "whole")
    assert one(read(folder, DEAD), table.BOOKS_OLDER) == 0.0
    assert isnan(one(read(folder, state()), table.BOOKS_OLDER))
    (tmp_path / "older").mkdir()
    BooksRoom(tmp_path / "older").start().stop()
    (tmp_path / "older" / DATABASE_FILE).rename(folder / DATABASE_FILE)
    older = read(folder, DEAD)
    assert (one(older, table.BOOKS_OLDER), marked(older, table.VERDICT)) == (1.0, {"ACT"})
    with locked(folder, lambda: tmp_path / "s"):
        assert isnan(one(read(folder, DEAD), table.BOOKS_OLDER)), "somebody may just be writing"


def test_a_log_that_nobody_lets_us_read_asks_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_whole_books(tmp_path)
    assert marked(read(folder, DEAD), table.VERDICT) == {"LOOK"}
    forbid_reading(folder / AUDIT_FOLDER, monkeypatch)
    unread = read(folder, DEAD)
    assert marked(unread, table.VERDICT) == {"ACT"}
    assert isnan(one(unread, table.BOOKS_OLDER)), "nobody knows how far such a log goes"


def test_reading_the_books_ends_after_a_fifth_of_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, asked = make_whole_books(tmp_path), Asked(state())
    given: list[bool] = []

    def long(_: Path, give_up: Callable[[], bool]) -> None:
        given.append(give_up())
        asked.now_s += 0.199
        given.append(give_up())
        asked.now_s += 0.002
        given.append(give_up())

    monkeypatch.setattr(module, "read_books", long)
    asked.reader(folder).figures()
    assert given == [False, False, True]


def test_who_gives_up_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = Asked(state())

    def long(_: Path, give_up: Callable[[], bool]) -> None:
        asked.now_s += 0.3
        raise FoundWrongError("interrupted")

    monkeypatch.setattr(module, "read_books", long)
    figures = asked.reader(tmp_path).figures()
    assert one(figures, table.BOOKS_READABLE) == 0.0
    assert "interrupted (given up after 0.2 s; is the machine overloaded?)" in caplog.text


def test_an_amount_that_is_none_leaves_the_books_unread(tmp_path: Path) -> None:
    folder = make_whole_books(tmp_path)
    with closing(sqlite3.connect(folder / DATABASE_FILE)) as db, db:
        db.execute("UPDATE cash_flows SET amount_eth = 'much'")
    figures = read(folder, state())
    assert one(figures, table.BOOKS_READABLE) == 0.0
    assert isnan(one(figures, table.REALISED_ETH))


def test_a_problem_is_logged_once_and_so_is_its_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    asked = Asked(DEAD)
    reader = asked.reader(tmp_path)
    for answer in (DEAD, DEAD, state(), state()):
        asked.answer = answer
        reader.figures()
        asked.now_s += 1.0
    assert [record.getMessage() for record in caplog.records] == [
        "metrics: no status: no engine runs on data",
        "metrics: status is read again",
    ]
    assert reader.figures().values[table.READ_FAILURES][ReadPart.STATUS] == 2.0


def test_what_the_status_says_of_the_switch(tmp_path: Path) -> None:
    latch = EntryLatch(source=LatchSource.OPERATOR, latched=True, reason="a look", who="ann", at=LATER)
    switch = CLEAR.model_copy(
        update={
            "armed": True,
            "causes": (ArmCause.AUDIT, ArmCause.OPERATOR),
            "exits_blocked": True,
            "suspensions": {"probe:macro": "", "probe:sentiment": "", "disk": ""},
            "latches": (latch,),
        }
    )
    figures = read(tmp_path, state(kill_switch=switch))
    assert one(figures, table.ARMED) == one(figures, table.EXITS_BLOCKED) == 1.0
    assert marked(figures, table.ARM_CAUSE) == {"audit", "operator"}
    assert figures.values[table.SUSPENDED][SuspendedBy.PROBE] == 2.0
    assert marked(figures, table.SUSPENDED) == {"disk"}
    assert marked(figures, table.LATCHED) == {"operator"}
    assert one(figures, table.ENTRIES_BLOCKED) == 1.0
    assert marked(figures, table.VERDICT) == {"ACT"}


def test_what_the_status_says_of_positions_and_account(tmp_path: Path) -> None:
    figures = read(tmp_path, state(positions=(PUT,)))
    marks = {mark.instrument_name: mark.mark_eth for mark in MARKS.legs}
    assert one(figures, table.MARKED_ETH) == pytest.approx(float(pnl_at_marks_eth(PUT, marks) or 0))
    assert one(figures, table.CONTRACTS) == PUT.contracts
    assert one(figures, table.WORST_LOSS) == PUT.plan.worst_loss_usd * PUT.contracts
    assert one(figures, table.STRIKE_DISTANCE) == pytest.approx((3048.52 - 2800) / 3048.52)
    assert one(figures, table.EXPIRY) == (PUT.plan.expiration - LATER).total_seconds()
    assert one(figures, table.EQUITY) == 10.30214
    assert one(figures, table.MARGIN_USE) == pytest.approx(0.1648 / 10.30214)
    assert one(figures, table.BACKUP_AGE) == 240.0
    assert figures.values[table.DUE_IN][Job.HEALTH] == 60.0
    assert one(figures, table.UPTIME) == timedelta(days=2, hours=1).total_seconds()


def test_a_profit_of_which_a_part_is_not_known_is_not_known(tmp_path: Path) -> None:
    figures = read(tmp_path, state(positions=(PUT,), market=MARKS.model_copy(update={"legs": ()})))
    assert isnan(one(figures, table.MARKED_ETH))
    assert isnan(one(figures, table.MARKED_USD))
    assert one(figures, table.CONTRACTS) == PUT.contracts


def test_rooms_that_are_silent_leave_their_figures_unknown(tmp_path: Path) -> None:
    silent = ("kill_switch", "state", "market_data", "health", "decision", "alerting", "audit")
    parts = dict.fromkeys(("kill_switch", "market", "health", "decision", "alerting", "audit", "recovery"))
    figures = read(tmp_path, state(**parts, unavailable=dict.fromkeys(silent, "AskTimeout")))
    assert one(figures, table.UP) == 1.0
    assert one(figures, table.UNAVAILABLE) == 7.0
    assert marked(figures, table.VERDICT) == {"ACT"}
    unknown = (table.ARMED, table.CONTRACTS, table.EQUITY, table.DISK_LOW, table.AUDIT_OK, table.RECONCILED)
    assert all(isnan(one(figures, series)) for series in unknown)


def test_a_restarted_actor_and_one_of_another_version_are_counted(tmp_path: Path) -> None:
    cells = state().cells
    restarted = cells[0].model_copy(update={"state": "parked", "restarts": 3, "mailbox_depth": 7})
    strange = cells[0].model_copy(update={"name": "of_another_version", "restarts": 2})
    figures = read(tmp_path, state(cells=(restarted, *cells[1:], strange)))
    assert figures.values[table.ACTOR_UP][ActorLabel.ALERTING] == 0.0
    assert figures.values[table.RESTARTS][ActorLabel.ALERTING] == 3.0
    assert figures.values[table.MAILBOX][ActorLabel.ALERTING] == 7.0
    assert figures.values[table.RESTARTS][ActorLabel.OTHER] == 2.0


def test_routers_and_protections_are_told(tmp_path: Path) -> None:
    health = state().health
    assert health is not None
    macro = next(each for each in health.routers if each.router is Router.MACRO)
    failed = macro.model_copy(update={"ok": False, "failures_in_a_row": 4, "latency_s": None})
    seen = ResultsSeen(
        at=LATER,
        protections=RuleResult(rule=PROTECTIONS, checks=(at_most(DRAWDOWN, 0.08, 0.06),), inputs={}),
        margin_use=None,
    )
    decision = DecisionStatus(
        recovered=True, under_way=None, waiting=(), recent=(), monitor_failures_in_a_row=2, results=seen
    )
    routers = health.model_copy(update={"routers": (failed,)})
    figures = read(tmp_path, state(health=routers, decision=decision))
    assert figures.values[table.ROUTER_UP][Router.MACRO] == 0.0
    assert figures.values[table.ROUTER_FAILURES][Router.MACRO] == 4.0
    assert isnan(figures.values[table.ROUTER_LATENCY][Router.MACRO])
    assert isnan(figures.values[table.ROUTER_UP][Router.DERIBIT])
    assert figures.values[table.BREACHED][Protection.DRAWDOWN] == 1.0
    assert isnan(figures.values[table.BREACHED][Protection.LOSS])
    assert (one(figures, table.DRAWDOWN), one(figures, table.DRAWDOWN_MAX)) == (0.08, 0.06)
    assert one(figures, table.MONITOR_FAILURES) == 2.0


def test_a_channel_that_takes_nothing_is_failing_and_one_that_waits_is_not(tmp_path: Path) -> None:
    works = ChannelStatus(channel="telegram", queued=3, delivered=1, overflowed=0, last_error=None)
    dead = works.model_copy(update={"channel": "webhook", "failing_since": LATER})
    alerting = AlertingStatus(channels=(works, dead), unrecorded=2, last_error="full", recent=())
    figures = read(tmp_path, state(alerting=alerting))
    assert one(figures, table.CHANNELS_FAILING) == 1.0
    assert one(figures, table.ALERTS_UNRECORDED) == 2.0


def test_an_account_without_equity_uses_its_margin_beyond_measure(tmp_path: Path) -> None:
    assert MARKS.account is not None
    empty = MARKS.account.model_copy(update={"equity_eth": Decimal(0)})
    figures = read(tmp_path, state(market=MARKS.model_copy(update={"account": empty})))
    assert one(figures, table.MARGIN_USE) > 1.0
