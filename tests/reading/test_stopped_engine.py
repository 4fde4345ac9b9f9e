"""A data folder after a run, read from outside: books, audit log and decisions agree with each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.control.wire import RequestName
from core.audit.hash_chain import Link
from core.errors import EngineNotRunningError, FoundWrongError
from core.messages.audit import AuditKind
from core.messages.engine_status import EngineStatus
from core.orders.books import CycleOutcome, Job
from reading.audit import last_recorded_at, records, require_audit_log, verified
from reading.books import (
    chain_end,
    has_books,
    kill_switch_row,
    live_books,
    stored_books,
    stored_cycles,
    stored_orders,
    stored_positions,
    stored_trades,
)
from reading.control_client import ask_engine, request_of
from reading.decisions import explained
from reading.errors import DataFolderError
from tests.fakes.whole_books import make_whole_books
from tests.scenarios.playing import BEGIN, TO_ENTRY, Played, play


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="module")
def played(folder: Path) -> Played:
    """One entry, then an orderly stop."""
    return play(folder / "to-entry", TO_ENTRY)


def test_the_books_are_one_state_by_whatever_way_they_are_read(played: Played) -> None:
    folder = played.data_dir
    books = stored_books(folder)
    [trade] = stored_trades(folder)
    assert tuple(books.trades) == stored_positions(folder, everything=False) == (trade,)
    assert tuple(books.orders) == stored_orders(folder, None)
    assert tuple(books.cycles) == stored_cycles(folder, None)
    live = live_books(folder, BEGIN)
    assert (live.as_of, live.positions) == (BEGIN, (trade,))
    assert stored_positions(folder, everything=True)[-1] == trade


def test_a_limit_gives_the_newest(folder: Path) -> None:
    data_dir = make_whole_books(folder / "whole")
    cycles, orders = stored_cycles(data_dir, None), stored_orders(data_dir, None)
    assert min(len(cycles), len(orders)) > 1
    assert stored_cycles(data_dir, 1) == cycles[-1:]
    assert stored_orders(data_dir, 1) == orders[-1:]


def test_the_audit_log_ends_where_the_books_say(played: Played) -> None:
    found = list(records(played.data_dir))
    assert [record.seq for record in found] == list(range(1, len(found) + 1))
    report = verified(played.data_dir, strict=True)
    assert (report.ok, report.records, report.head) == (True, len(found), Link(len(found), found[-1].hash))
    end = chain_end(played.data_dir)
    assert end is not None
    assert (end[0].seq, end[0].hash) == report.head
    assert last_recorded_at(played.data_dir) == max(record.at for record in found)


def test_a_head_that_was_never_told_is_not_in_there(played: Played) -> None:
    report = verified(played.data_dir, told_head=Link(1, "0" * 64))
    assert report.problem is not None
    assert report.problem.startswith("expected record 1 with hash 000")


def test_a_decision_is_explained_from_the_log_alone(played: Played) -> None:
    [entered] = [cycle for cycle in stored_cycles(played.data_dir, None) if cycle.job is Job.ENTRY]
    assert entered.outcome is CycleOutcome.ENTERED
    [decision] = explained(played.data_dir, entered.cycle_id)
    assert decision.difference is None
    recorded = next(record for record in records(played.data_dir) if record.kind == AuditKind.DECISION)
    assert (decision.seq, decision.at) == (recorded.seq, recorded.at)


def test_a_cycle_without_a_decision_is_named(played: Played) -> None:
    with pytest.raises(FoundWrongError, match="never-was: no decision is recorded"):
        explained(played.data_dir, "never-was")


def test_nobody_answers_for_an_engine_that_has_stopped(played: Played) -> None:
    with pytest.raises(EngineNotRunningError, match="no engine runs on"):
        ask_engine(played.data_dir, request_of(RequestName.STATUS), EngineStatus)


def test_a_folder_without_an_engine_has_no_books_and_no_log(tmp_path: Path) -> None:
    assert not has_books(tmp_path)
    assert kill_switch_row(tmp_path) is None
    assert chain_end(tmp_path) is None
    assert live_books(tmp_path, BEGIN).positions == ()
    assert last_recorded_at(tmp_path) is None


def test_what_is_missing_is_told_by_the_folder_and_not_by_an_option(tmp_path: Path) -> None:
    for ask in (stored_books, stored_trades, require_audit_log, lambda folder: explained(folder, "c1")):
        with pytest.raises(DataFolderError) as caught:
            ask(tmp_path)
        assert str(caught.value).startswith(f"{tmp_path}: expected ")


def test_a_file_that_is_no_database_is_told_as_a_fault(tmp_path: Path) -> None:
    (tmp_path / "cerbero.db").write_bytes(b"not a database, but long enough to be looked into" * 100)
    with pytest.raises(FoundWrongError, match="the books can't be read"):
        stored_books(tmp_path)
