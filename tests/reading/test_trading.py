"""The trading report of a data folder: closed and open trades, the account, and why nothing was entered."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.alerts import Severity
from core.errors import FoundWrongError
from core.messages.room_status import AlertRow
from core.messages.state import GetWeek, RecordAlert, WeekRead
from core.orders.books import CycleOutcome
from core.orders.exit_rule import ExitRule
from core.statistics.booked import Refusal
from core.statistics.trades import ClosedTrade
from reading.books import stored_books
from reading.errors import DataFolderError
from reading.trading import Period
from reading.trading_books import trading_report
from tests.actors.state.books_room import CYCLE, POSITION, START, BooksRoom
from tests.fakes.traded_books import account_seen, closed, entered, marked, refused
from tests.fakes.whole_books import make_whole_books

CLOSED_AT = START + timedelta(minutes=5)
"""The time of the fill that closed the trade."""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[BooksRoom]:
    room = BooksRoom(tmp_path).start()
    entered(room)
    yield room
    room.stop()


def only_trade(room: BooksRoom) -> ClosedTrade:
    (trade,) = trading_report(room.data_dir).trades
    return trade


def test_a_closed_trade_with_what_both_crossings_took(room: BooksRoom) -> None:
    closed(room)
    trade = only_trade(room)
    assert (trade.position_id, trade.exit_rule, trade.contracts) == (POSITION, ExitRule.PROFIT, 2)
    assert (trade.mid_credit_eth, trade.credit_eth) == (Decimal("0.0242"), Decimal("0.0240"))
    assert (trade.crossing_in_eth, trade.crossing_out_eth) == (Decimal("0.0002"), Decimal("0.0010"))
    assert trade.fees_eth == Decimal("0.0024")
    assert trade.pnl_eth == Decimal("0.0240") - Decimal("0.0080") - Decimal("0.0024")
    assert trade.worst_loss_usd == 360.0
    assert trade.closed_at == CLOSED_AT


def test_an_exit_whose_decision_is_not_in_the_books_gave_away_nobody_knows_what(room: BooksRoom) -> None:
    closed(room, mid_cost_eth=None)
    assert only_trade(room).crossing_out_eth is None
    assert trading_report(room.data_dir).performance.costs.unknown_exits == 1


def test_an_exit_by_hand_is_counted_as_unknown_and_settled_contracts_cross_nothing(tmp_path: Path) -> None:
    """One of three contracts was closed outside a cycle, two settled."""
    report = trading_report(make_whole_books(tmp_path))
    (trade,) = report.trades
    assert (trade.contracts, trade.crossing_out_eth) == (3, None)


def test_an_open_position_is_worth_its_premium_less_what_it_costs_to_close(room: BooksRoom) -> None:
    marked(room, "0.0100", "0.0040")
    report = trading_report(room.data_dir)
    (trade,) = report.open_trades
    flows = Decimal("0.0240") - Decimal("0.0012")
    assert trade.pnl_eth == flows - Decimal("0.0120")
    assert trade.pnl_usd == trade.position.pnl_usd - Decimal("0.0120") * 3000
    assert report.trades == ()
    assert report.marks_problem is None


def test_a_position_without_marks_has_no_value_and_the_report_says_why(room: BooksRoom) -> None:
    report = trading_report(room.data_dir)
    assert [(trade.pnl_eth, trade.pnl_usd) for trade in report.open_trades] == [(None, None)]
    assert report.marks_problem == "no snapshot of the market is stored"


def test_a_broken_mark_is_no_mark(room: BooksRoom) -> None:
    marked(room, "NaN", "0.0040")
    assert [trade.pnl_eth for trade in trading_report(room.data_dir).open_trades] == [None]


def test_the_newest_marks_count(room: BooksRoom) -> None:
    marked(room, "0.0100", "0.0040")
    marked(room, "0.0200", "0.0040", START + timedelta(hours=1))
    (trade,) = trading_report(room.data_dir).open_trades
    assert trade.pnl_eth == Decimal("0.0228") - Decimal("0.0320")


@pytest.mark.parametrize(
    "quotes", ["[[", "[[1]]", "7", '[["a", null, null, "x"]]', '[["a", null, null, null]]']
)
def test_a_snapshot_that_is_none_takes_nothing_from_the_report_but_the_marks(
    room: BooksRoom, quotes: str
) -> None:
    marked(room, "0.0100", "0.0040")
    with closing(sqlite3.connect(room.data_dir / "market.db")) as db:
        db.execute("UPDATE market_snapshots SET quotes = ?", (zlib.compress(quotes.encode()),))
        db.commit()
    report = trading_report(room.data_dir)
    assert report.marks is None
    assert "the newest snapshot of the market can't be read" in (report.marks_problem or "")
    assert [trade.pnl_eth for trade in report.open_trades] == [None]


def test_a_row_that_can_not_be_read_is_named_as_damage(room: BooksRoom) -> None:
    with closing(sqlite3.connect(room.data_dir / "cerbero.db")) as db:
        db.execute("UPDATE fills SET price_eth = 'x'")
        db.execute("UPDATE cash_flows SET amount_eth = 'x'")
        db.commit()
    with pytest.raises(FoundWrongError, match="the books can't be read"):
        trading_report(room.data_dir)


def test_damaged_snapshots_take_nothing_from_the_report_but_the_marks(room: BooksRoom) -> None:
    room.stop()
    market = room.data_dir / "market.db"
    market.write_bytes(b"not a database, but as long as one may be" * 20)
    report = trading_report(room.data_dir)
    assert report.marks is None
    assert str(market) in (report.marks_problem or "")
    assert len(report.open_trades) == 1
    market.unlink()
    room.start()


def test_the_price_of_eth_stands_beside_what_the_trades_made(room: BooksRoom) -> None:
    account_seen(room, CYCLE, START, 10.0, 3100.0)
    closed(room)
    account_seen(room, CYCLE, START + timedelta(days=7), 10.01, 2500.0)
    report = trading_report(room.data_dir)
    assert [point.equity_usd for point in report.account] == [31_000.0, 25_025.0]
    (trade,) = report.trades
    assert report.eth_effect_usd == Decimal(-5975) - trade.pnl_usd


def test_an_account_seen_once_has_no_change(room: BooksRoom) -> None:
    account_seen(room, CYCLE, START, 10.0, 3100.0)
    assert trading_report(room.data_dir).eth_effect_usd is None


def test_refusals_by_month_rule_and_check(room: BooksRoom) -> None:
    refused(room, 1, CycleOutcome.NO_ENTRY, "market", "vrp_below_min", "dvol_below_min")
    refused(room, 2, CycleOutcome.NO_ENTRY, "market", "vrp_below_min")
    refused(room, 3, CycleOutcome.NO_ENTRY, "no_bias")
    refused(room, 4, CycleOutcome.BLOCKED, "kill_switch_armed")
    refused(room, 5, CycleOutcome.DEADLINE)
    report = trading_report(room.data_dir)
    assert report.refusals == (
        Refusal("2026-01", "market", "dvol_below_min", 1),
        Refusal("2026-01", "market", "vrp_below_min", 2),
        Refusal("2026-01", "no_bias", "-", 1),
        Refusal("2026-02", "blocked", "kill_switch_armed", 1),
        Refusal("2026-02", "deadline", "-", 1),
    )
    assert report.entries == {"entered": 1, "no_entry": 3, "blocked": 1, "deadline": 1}


@pytest.mark.parametrize(
    ("began", "ended", "trades"),
    [
        (None, None, 1),
        (CLOSED_AT, None, 1),
        (CLOSED_AT + timedelta(seconds=1), None, 0),
        (None, CLOSED_AT, 0),
        (None, CLOSED_AT + timedelta(seconds=1), 1),
    ],
)
def test_trades_count_by_their_close(
    room: BooksRoom, began: datetime | None, ended: datetime | None, trades: int
) -> None:
    closed(room)
    assert len(trading_report(room.data_dir, Period(began, ended)).trades) == trades


def test_a_position_entered_after_the_period_is_not_in_it(room: BooksRoom) -> None:
    assert trading_report(room.data_dir, Period(None, START)).open_trades == ()


def test_the_report_covers_the_books_from_their_first_moment_to_their_last(room: BooksRoom) -> None:
    closed(room)
    refused(room, 2, CycleOutcome.NO_ENTRY, "no_bias")
    found = trading_report(room.data_dir).performance
    assert (found.began, found.ended) == (START, START + timedelta(weeks=2))


def test_without_books_and_with_empty_ones_it_says_what_it_found(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match=r"expected the books of an engine \(cerbero.db\), found none"):
        trading_report(tmp_path)
    BooksRoom(tmp_path).start().stop()
    with pytest.raises(DataFolderError, match="expected books with at least one cycle, found empty ones"):
        trading_report(tmp_path)


def test_state_answers_the_week_with_what_the_report_reads(room: BooksRoom) -> None:
    """The weekly digest and the report see the same account and the same refusals."""
    account_seen(room, CYCLE, START, 10.0, 3000.0)
    refused(room, 1, CycleOutcome.NO_ENTRY, "market", "vrp_min")
    refused(room, 2, CycleOutcome.NO_ENTRY, "market", "dvol_max")
    ended = START + timedelta(weeks=2)
    asked = GetWeek(request_id="w", alert_id="digest", account_since=START, began=START, ended=ended)
    week = room.ask(asked)
    assert isinstance(week, WeekRead)
    assert [row.outcome for row in week.entries] == [CycleOutcome.ENTERED, CycleOutcome.NO_ENTRY]
    assert week.account == trading_report(room.data_dir).account
    assert week.first_cycle_at == min(row.opened_at for row in stored_books(room.data_dir).cycles)
    assert not week.told
    digest = AlertRow(
        alert_id="digest", severity=Severity.MEDIUM, code="weekly_digest", text="t", cause="c", at=START
    )
    room.tell(RecordAlert(request_id="alert-digest", alert=digest, channels=()))
    later = room.ask(asked.model_copy(update={"account_since": START + timedelta(seconds=1)}))
    assert isinstance(later, WeekRead)
    assert later.account == ()
    assert later.told
