"""The counts and sums that monitoring reads are those of the books, and reading them ends in time."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from actors.state.database import DATABASE_FILE, open_database
from actors.state.stored import books_read
from actors.state.tables import figures
from actors.state.tables.figures import BooksFigures
from core.errors import FoundWrongError
from core.orders.books import Job
from core.orders.lifecycle import PositionState
from tests.actors.state.books_room import BooksRoom
from tests.fakes.traded_books import closed, entered
from tests.fakes.whole_books import make_whole_books


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_whole_books(tmp_path)


def figures_of(folder: Path, give_up: Callable[[], bool]) -> BooksFigures:
    with books_read(folder, give_up=give_up) as books:
        assert books is not None
        return books.figures()


def test_they_are_what_the_rows_say(folder: Path) -> None:
    with books_read(folder) as books:
        assert books is not None
        found, everything = books.figures(), books.everything()
        positions = books.positions(everything=True)
        head, _ = books.chain_end()
    assert found.positions == Counter(position.state for position in positions)
    assert found.live_positions == sum(position.is_live for position in positions)
    assert found.orders == Counter(order.state for _, order in everything.orders)
    assert found.alerts == Counter(alert.severity for alert in everything.alerts)
    entries = [row.outcome for row in everything.cycles if row.job is Job.ENTRY and row.outcome is not None]
    assert found.entry_cycles == Counter(entries)
    over = [position for position in positions if position.state is PositionState.CLOSED]
    assert over
    in_eth = sum((each.pnl_eth for each in over), Decimal(0))
    assert found.realised_pnl() == (in_eth, sum((each.pnl_usd for each in over), Decimal(0)))
    assert found.head.seq == head.seq > 0


def test_what_is_still_open_is_not_realised(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    entered(room)
    before = figures_of(tmp_path, lambda: False)
    assert before.realised_pnl()[0] == Decimal(0)
    assert before.live_positions == 1
    closed(room)
    after = figures_of(tmp_path, lambda: False)
    assert after.realised_pnl()[0] == Decimal("0.0240") - Decimal("0.0080") - Decimal("0.0024")
    assert after.live_positions == 0
    room.stop()


def test_an_amount_that_is_none_is_named(folder: Path) -> None:
    with closing(sqlite3.connect(folder / DATABASE_FILE)) as db, db:
        db.execute("UPDATE cash_flows SET amount_eth = 'much'")
    found = figures_of(folder, lambda: False)
    with pytest.raises(FoundWrongError, match="cash_flows: expected amounts in decimal digits"):
        found.realised_pnl()


def test_reading_is_given_up(folder: Path) -> None:
    """Rows that take longer than whoever reads them has."""
    with closing(sqlite3.connect(folder / DATABASE_FILE)) as db, db:
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
            " INSERT INTO alerts (alert_id, severity, code, text, cause, at)"
            " SELECT 'more-' || i, 'LOW', 'test_alert', '', '', '2026-01-05T14:00:00.000000Z' FROM n"
        )
    looks: list[int] = []

    def tired() -> bool:
        looks.append(1)
        return len(looks) > 3

    with pytest.raises(FoundWrongError, match="reading the books took too long"):
        figures_of(folder, tired)
    assert len(looks) == 4
    assert sum(figures_of(folder, lambda: False).alerts.values()) > 20000


def test_no_count_reads_every_row_of_a_table_that_grows_for_years(tmp_path: Path) -> None:
    """Monitoring counts at each scrape, and there are ten thousands of alerts after a year."""
    counted: list[str] = []
    with closing(open_database(tmp_path)) as db:
        db.set_trace_callback(counted.append)
        figures.read(db)
        db.set_trace_callback(None)
        plans = [row[3] for sql in counted for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    grows = re.compile(r"SCAN (alerts|alert_channels|cycles|fills|snapshots)\b(?!.*INDEX)")
    assert len(plans) >= len(counted) > 4
    assert [plan for plan in plans if grows.match(plan)] == []


def test_older_books_are_not_copied_by_who_has_little_time(folder: Path) -> None:
    with closing(sqlite3.connect(folder / DATABASE_FILE)) as db:
        db.execute("PRAGMA user_version = 1")
    with pytest.raises(FoundWrongError, match="the next start converts them"):
        figures_of(folder, lambda: False)
