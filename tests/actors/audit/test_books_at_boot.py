"""Whatever is changed in a row of the books, the next start names table, row and field, and arms."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

import actors.audit.proof
import core.audit.fold.running
from actors.audit.proof import fold_to_the_end
from actors.state.database import AnotherWriterError
from actors.state.seals import offer_seals, seal_alerts
from core.alerts import AlertCode
from core.audit.fold.tables import PROVED, ProvedTable
from core.audit.hash_chain import GENESIS, encode_record, read_record, split_lines
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditEvent, AuditKind
from core.messages.kill_switch import ArmKillSwitch
from core.messages.state import OpenCycle, RecordEvent
from core.orders.books import Job
from core.orders.lifecycle import OrderState
from tests.actors.state.books_room import (
    START,
    BooksRoom,
    event,
    fills,
    instruct,
    order_row,
    propose,
    record,
    records,
    send,
)
from tests.fakes.whole_books import write_whole_books

EVERY = 24
COLUMNS = [(table, column) for table in PROVED for column in table.columns]


@pytest.fixture(autouse=True, scope="module")
def often() -> Iterator[None]:
    """Checkpoints so often that a small log has some."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(actors.audit.proof, "CHECKPOINT_EVERY", EVERY)
        patch.setattr(core.audit.fold.running, "LET_GO_EVERY", EVERY)
        yield


@pytest.fixture(scope="module", params=["without", "with"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Books without a checkpoint in their log, or with a late one that let go of every trade."""
    data_dir = tmp_path_factory.mktemp("whole")
    room = BooksRoom(data_dir).start()
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "without":
            patch.setattr(actors.audit.proof, "CHECKPOINT_EVERY", 10_000)
        write_whole_books(room)
        for number in range(4 * EVERY):
            room.tell(event(number))
        room.stop()
    assert ("CHECKPOINT" in {made["kind"] for made in records(room)}) is (request.param == "with")
    return data_dir


@pytest.fixture
def data_dir(whole: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(whole, tmp_path / "data", ignore=shutil.ignore_patterns("ballast")))


@contextmanager
def by_sql(data_dir: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        yield db
        db.commit()


def armed(room: BooksRoom) -> list[str]:
    """Why the start has armed for the database."""
    told = [*room.state_ctx.told_to("kill_switch"), *room.audit_ctx.told_to("kill_switch")]
    arms = [made for made in told if isinstance(made, ArmKillSwitch)]
    assert {made.cause for made in arms} <= {ArmCause.DATABASE}
    return [made.reason for made in arms]


def started(data_dir: Path) -> list[str]:
    room = BooksRoom(data_dir).start()
    room.kill()
    return armed(room)


def not_by_number(reasons: list[str]) -> list[str]:
    """Without what the number of an alert and its channel say of it beside the log."""
    return [reason for reason in reasons if "is damaged: alert" not in reason]


def kinds(room: BooksRoom) -> list[object]:
    return [made["kind"] for made in records(room)]


def test_untouched_books_arm_nothing(data_dir: Path) -> None:
    assert started(data_dir) == []


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{t.name}-{c}" for t, c in COLUMNS])
def test_a_changed_field_arms_with_its_table_and_row(data_dir: Path, table: ProvedTable, column: str) -> None:
    where = "" if table.only is None else f" WHERE {table.only[0]} = 'HIGH'"
    with by_sql(data_dir) as db:
        [rowid] = db.execute(f"SELECT min({table.key}) FROM {table.name}{where}").fetchone()
        [kind] = db.execute(
            f"SELECT type FROM pragma_table_info('{table.name}') WHERE name = '{column}'"
        ).fetchone()
        changed = f"coalesce({column}, 5) + 70" if kind == "INTEGER" else f"coalesce({column}, '') || 'x'"
        db.execute(f"UPDATE {table.name} SET {column} = {changed} WHERE {table.key} = ?", (rowid,))
        if table.name == "alerts":
            # Who changes a row on purpose seals it anew.
            offer_seals(db)
            seal_alerts(db)
    reasons = not_by_number(started(data_dir))
    assert len(reasons) == 1
    if "database corrupt" in reasons[0]:
        assert "CHECK constraint failed" in reasons[0] or "quick_check" in reasons[0]
    elif column in (table.key, "severity"):
        assert f"{table.name} {rowid!r}: expected one such row by the log, found none" in reasons[0] or (
            f"{table.name} " in reasons[0] and "expected no such row" in reasons[0]
        )
    else:
        assert f"{table.name} {rowid!r}, {column}: expected" in reasons[0]
        assert reasons[0].endswith("start, and disarm")


@pytest.mark.parametrize("table", PROVED, ids=lambda table: table.name)
def test_a_row_that_is_gone_arms(data_dir: Path, table: ProvedTable) -> None:
    where = "1" if table.only is None else f"{table.only[0]} = 'HIGH'"
    with by_sql(data_dir) as db:
        key = f"SELECT max({table.key}) FROM {table.name} WHERE {where}"
        db.execute(f"DELETE FROM {table.name} WHERE {table.key} = ({key})")
    [reason] = not_by_number(started(data_dir))
    assert f"{table.name} " in reason
    assert "expected one such row by the log, found none" in reason


def test_rows_in_another_order_arm(data_dir: Path) -> None:
    with by_sql(data_dir) as db:
        db.execute("UPDATE cycles SET rowid = rowid + 10 WHERE rowid = 1")
    assert "cycles" in started(data_dir)[0]


def test_a_row_that_was_added_arms(data_dir: Path) -> None:
    with by_sql(data_dir) as db:
        db.execute(
            "INSERT INTO cash_flows SELECT 'added', position_id, kind, '1', '1', at FROM cash_flows LIMIT 1"
        )
    [reason] = started(data_dir)
    assert "cash_flows 'added': expected no such row by the log, found one" in reason


@pytest.mark.raises_alert(AlertCode.BOOKS_DAMAGED)
def test_a_row_outside_the_log_that_lost_its_seal_arms(data_dir: Path) -> None:
    with by_sql(data_dir) as db:
        db.execute("UPDATE answered SET answer = 'Refused'")
    [reason] = started(data_dir)
    assert reason.startswith("cerbero.db is damaged: answered ")


def test_a_text_that_is_none_arms_and_crashes_nothing(data_dir: Path) -> None:
    with by_sql(data_dir) as db:
        db.execute("UPDATE cash_flows SET at = CAST(x'80' AS TEXT)")
    [reason] = started(data_dir)
    assert "cash_flows: expected rows that can be read" in reason


def test_more_than_one_place_is_counted(data_dir: Path) -> None:
    with by_sql(data_dir) as db:
        changed = db.execute("UPDATE cash_flows SET amount_eth = '9'").rowcount
    assert f"(and {changed - 1} more)" in started(data_dir)[0]


def test_a_start_folds_only_what_follows_the_last_checkpoint(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    write_whole_books(room)
    for number in range(3 * EVERY):
        room.tell(event(number))
    room.kill()
    assert kinds(room).count("CHECKPOINT") >= 3
    running = fold_to_the_end(tmp_path / "audit")
    assert running.since_checkpoint <= EVERY
    assert running.seq == len(records(room))
    assert running.books.final["fills"].rows == 4


def test_a_long_log_of_an_older_version_is_folded_whole_and_gets_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(actors.audit.proof, "CHECKPOINT_EVERY", 10_000)
        room = BooksRoom(tmp_path).start()
        write_whole_books(room)
        room.stop()
    room = BooksRoom(tmp_path).start()
    assert armed(room) == []
    assert kinds(room)[-1] == "CHECKPOINT"
    room.kill()
    assert started(tmp_path) == []


def test_what_was_changed_while_the_engine_ran_gets_into_no_checkpoint(tmp_path: Path) -> None:
    """As by a fault of the machine: the engine's own connection."""
    room = BooksRoom(tmp_path).start()
    write_whole_books(room)
    db = room.state._db
    assert db is not None
    db.execute("UPDATE cash_flows SET amount_eth = '9' WHERE kind = 'fee'")
    for number in range(3 * EVERY):
        room.tell(event(number))
    room.stop()
    assert "CHECKPOINT" in kinds(room)
    assert "amount_eth: expected" in started(tmp_path)[0]


def test_what_somebody_else_writes_while_the_engine_runs_is_found_at_its_next_commit(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    write_whole_books(room)
    with by_sql(tmp_path) as db:
        db.execute("UPDATE cash_flows SET amount_eth = '9' WHERE kind = 'fee'")
    with pytest.raises(AnotherWriterError):
        room.tell(event(0))
    room.kill()
    assert "amount_eth: expected" in started(tmp_path)[0]


def forged(data_dir: Path, change: str) -> None:
    """The same log with another fill in its checkpoints: who writes it can write the chain anew."""
    [path] = (data_dir / "audit").glob("audit-*.jsonl")
    link, lines = GENESIS, []
    for line in split_lines(path.read_bytes()):
        made = read_record(line)
        detail = made.detail
        if made.kind == AuditKind.CHECKPOINT:
            detail = json.loads(json.dumps(detail))
            detail["final"]["fills"]["sha256"] = change * 64
        event = AuditEvent(kind=AuditKind(made.kind), at=made.at, detail=detail, correlation=made.correlation)
        line, link = encode_record(link, event)
        lines.append(line)
    path.write_bytes(b"".join(lines))
    with by_sql(data_dir) as db:
        size = path.stat().st_size
        db.execute("UPDATE chain SET head_hash = ?, file_bytes = ?", (link.hash, size))


@pytest.mark.raises_alert(AlertCode.AUDIT_CHECKPOINT_WRONG)
def test_a_wrong_checkpoint_is_no_difference_of_the_books_and_is_replaced(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    write_whole_books(room)
    for number in range(2 * EVERY):
        room.tell(event(number))
    room.stop()
    forged(tmp_path, "a")
    room = BooksRoom(tmp_path).start()
    assert armed(room) == []
    assert kinds(room)[-1] == "CHECKPOINT"
    final = records(room)[-1]["detail"]["final"]  # type: ignore[index]
    assert final["fills"]["sha256"] != "a" * 64
    room.kill()
    assert started(tmp_path) == []


def test_a_fill_of_an_order_that_was_let_go_of_is_no_difference(tmp_path: Path) -> None:
    """A reconcile finds it long after: the position is open again."""
    room = BooksRoom(tmp_path).start()
    propose(room)
    label = instruct(room)
    send(room, label)
    record(room, order_row(label, OrderState.CANCELLED), request="cancelled")
    for number in range(3 * EVERY):
        room.tell(event(number))
    late = order_row(label, OrderState.CANCELLED, 2)
    record(room, late, fills(label, 1, 2), request="late", by_reconcile=True)
    assert armed(room) == []
    room.tell(event(1000))
    room.kill()
    assert started(tmp_path) == []
    running = fold_to_the_end(tmp_path / "audit")
    assert running.books.tables["positions"]["p-entry-20260105T140000Z"]["state"] == "open"


def test_a_record_that_contradicts_what_was_before_arms_at_once(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    room.tell(OpenCycle(request_id="open", job=Job.ENTRY, slot=START, at=START))
    closes = AuditEvent(
        kind=AuditKind.CYCLE_CLOSED,
        at=START,
        detail={"cycle_id": "no-such-cycle", "outcome": "held", "reasons": []},
    )
    room.tell(RecordEvent(request_id="odd", audit=(closes,)))
    [reason] = armed(room)
    assert "record 2 (CYCLE_CLOSED): cycles: expected the row 'no-such-cycle', found none" in reason
    room.kill()
    assert len(started(tmp_path)) == 1


def test_a_restart_of_audit_alone_while_state_goes_on_arms_nothing(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    write_whole_books(room)
    room.hold_appends = True
    room.tell(OpenCycle(request_id="on", job=Job.ENTRY, slot=START + timedelta(1), at=START))
    room.held.clear()
    room.hold_appends = False
    room.restart_audit()
    room.restart_audit()
    assert armed(room) == []
    for number in range(2 * EVERY):
        room.tell(event(number))
    room.crash_state()
    assert armed(room) == []
    room.kill()
    assert started(tmp_path) == []


def test_a_crash_around_a_checkpoint_is_not_mistaken_for_a_change(tmp_path: Path) -> None:
    """Killed before each append, with each part of it in the file."""
    room = BooksRoom(tmp_path / "life").start()
    write_whole_books(room)
    for number in range(EVERY):
        room.hold_appends = True
        room.tell(event(number))
        batch = room.held[-1].batch
        size = len(room.audit_bytes())
        near = number % 8 == 0 or b"CHECKPOINT" in batch.payload
        for part in () if not near else (0, len(batch.payload) // 2, len(batch.payload)):
            left = tmp_path / f"{number}-{part}"
            shutil.copytree(tmp_path / "life", left, ignore=shutil.ignore_patterns("ballast"))
            with (left / "audit" / batch.file).open("r+b") as stream:
                stream.truncate(size)
                stream.seek(size)
                stream.write(batch.payload[:part])
            assert started(left) == []
            shutil.rmtree(left)
        room.release_appends()
    assert "CHECKPOINT" in kinds(room)
    room.kill()
