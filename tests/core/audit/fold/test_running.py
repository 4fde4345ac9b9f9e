"""The fold that goes on lets go of what is final, and may stop at any record as a checkpoint."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from core.audit.fold.books import TABLES, FoldedBooks
from core.audit.fold.final import NO_ROWS, row_json
from core.audit.fold.forms import ContradictionError, ForgottenError
from core.audit.fold.log import fold
from core.audit.fold.opening import PART_BYTES_MAX
from core.audit.fold.running import LET_GO_EVERY, RunningFold
from core.audit.fold.tables import Cell, ProvedTable, Row
from core.audit.hash_chain import GENESIS, append, encode_record, parse_head, read_record, split_lines
from core.messages.audit import AuditEvent, AuditKind
from tests.core.audit.fold.logs import (
    AFTER_ENTRY_ETH,
    AT,
    EXIT,
    Detail,
    Step,
    edited,
    entered,
    filled,
    instructed,
    lines_of,
    moved,
    order,
    sent,
)


def closed() -> list[Step]:
    """A whole trade."""
    exit_fills = filled(EXIT, 2)
    return [
        *entered(),
        instructed(EXIT),
        moved("open", "closing", opened=2, left=2, pnl=AFTER_ENTRY_ETH),
        sent(EXIT),
        order(EXIT, "sent", "filled", 2),
        *exit_fills,
        moved("closing", "closed", opened=2, left=0, pnl=pnl_of(exit_fills)),
    ]


def pnl_of(fills: Iterable[Step]) -> str:
    """What the books hold after these fills."""
    books = fold(lines_of([*entered(), instructed(EXIT), sent(EXIT), *fills]))
    return str(books.holdings["p-1"].cash_eth)


def renamed(steps: Iterable[Step], number: int) -> list[Step]:
    """The same trade once more, under other names."""
    return [
        (
            kind,
            json.loads(
                json.dumps(detail)
                .replace('p-1"', f'p-{number}"')
                .replace("p-1:", f"p-{number}:")
                .replace("c-1", f"c-{number}")
            ),
        )
        for kind, detail in steps
    ]


def idle(count: int) -> list[Step]:
    return [(AuditKind.KELLY, {"n": number}) for number in range(count)]


def whole(books: FoldedBooks) -> dict[str, tuple[int, bytes]]:
    """Each table as one digest of all its rows, whatever was let go of."""
    return {
        name: books.final[name].and_then(row_json(table, row) for row in books.tables[name].values())
        for name, table in TABLES.items()
    }


def running(lines: Iterable[bytes]) -> RunningFold:
    made = RunningFold()
    for line in lines:
        made.take(line)
    return made


def resumed(fold_so_far: RunningFold) -> RunningFold:
    """What a start makes of its checkpoint, written as a record and read again."""
    detail = fold_so_far.checkpoint()
    assert detail is not None
    event = AuditEvent(kind=AuditKind.CHECKPOINT, at=AT, detail=detail)
    line, _ = encode_record(parse_head(f"{fold_so_far.seq}:{'0' * 64}"), event)
    return RunningFold.from_checkpoint(read_record(line))


LOG = lines_of([*closed(), *idle(2 * LET_GO_EVERY), *renamed(entered(), 2), *idle(9), *renamed(closed(), 3)])


def test_what_is_final_is_let_go_of_and_the_digests_are_those_of_all_rows() -> None:
    made = running(LOG[: 2 * LET_GO_EVERY + len(closed())])
    assert not any(made.books.tables[name] for name in ("positions", "orders", "fills", "cash_flows"))
    assert made.books.holdings == {}
    assert made.books.final["fills"].rows == 4
    assert whole(made.books) == whole(fold(LOG[: made.seq]))


def test_the_edits_of_an_order_are_let_go_of_with_it() -> None:
    at = next(number for number, (kind, _) in enumerate(entered()) if kind is AuditKind.INSTRUCTION)
    steps = [
        *closed()[: at + 1],
        edited(1),
        edited(2, "0.0100"),
        *closed()[at + 1 :],
        *idle(2 * LET_GO_EVERY),
    ]
    made = running(lines_of(steps))
    assert made.books.tables["edits"] == {}
    assert made.books.edits_of == {}
    assert made.books.final["edits"].rows == 2
    assert whole(made.books) == whole(fold(lines_of(steps)))


def test_what_is_held_of_a_position_that_was_let_go_of_is_forgotten() -> None:
    made = running(LOG[: 2 * LET_GO_EVERY + len(closed())])
    with pytest.raises(ForgottenError):
        made.books.holding("p-1")
    with pytest.raises(ContradictionError, match="positions: expected 'p-1', found none"):
        FoldedBooks().holding("p-1")


def test_a_checkpoint_at_any_record_between_changes_leads_to_the_same_books() -> None:
    everything = whole(fold(LOG))
    for at in range(1, len(LOG), 7):
        before = running(LOG[:at])
        if before.books.unplaced:
            assert before.checkpoint() is None
            continue
        after = resumed(before)
        for line in LOG[at:]:
            after.take(line)
        assert whole(after.finished()) == everything
        assert after.finished().problems == []


def test_rows_behind_one_that_is_not_final_are_held_on_to() -> None:
    """The order of insertion is part of the books."""
    made = running([*lines_of([*entered(), *renamed(closed(), 2), *idle(2 * LET_GO_EVERY)])])
    assert list(made.books.tables["positions"]) == ["p-1", "p-2"]
    assert list(made.books.holdings) == ["p-1"]
    again = resumed(made)
    assert list(again.books.tables["positions"]) == ["p-1", "p-2"]
    assert list(again.books.holdings) == ["p-1"]
    assert again.finished().problems == []


def test_a_record_about_what_was_let_go_of_is_forgotten_and_not_a_contradiction() -> None:
    late = order(EXIT, "filled", "filled", 2)
    lines = lines_of([*closed(), *idle(2 * LET_GO_EVERY), late])
    with pytest.raises(ForgottenError) as error:
        running(lines)
    made = RunningFold({error.value.key: len(lines)})
    for line in lines:
        made.take(line)
    assert made.books.problems == []
    made.seq += 1
    made.let_go()
    made.let_go()
    assert made.books.holdings == {}


def test_a_second_end_of_a_message_that_was_let_go_of_changes_nothing() -> None:
    told: Detail = {"request_id": "r", "message": "m", "body": "{}", "who": "ada"}
    ended: Step = (AuditKind.OPERATOR, {"request_id": "r", "answer": "held"})
    made = running(lines_of([(AuditKind.OPERATOR, told), ended, *idle(LET_GO_EVERY), ended]))
    assert made.books.final["inbox"].rows == 1
    assert made.books.problems == []


def test_a_position_that_ends_with_other_fills_than_its_orders_say_is_named_before_it_is_let_go_of() -> None:
    steps = closed()
    kind, detail = steps[-4]
    assert kind == AuditKind.ORDER
    steps[-4] = (kind, {**detail, "filled_amount": 1})
    made = running(lines_of([*steps, *idle(2 * LET_GO_EVERY)]))
    assert any("order p-1:x1: expected fills of 1" in problem for problem in made.books.problems)


def test_the_parts_of_an_opening_may_stand_far_apart() -> None:
    rows = fold(lines_of(closed())).tables
    names = [name for name in TABLES if rows[name]]
    parts: list[Step] = []
    for number, name in enumerate(names, start=1):
        cells: list[JsonValue] = [list(row.values()) for row in rows[name].values()]
        detail: Detail = {
            "part": number,
            "parts": len(names),
            "columns": {name: list(TABLES[name].columns)},
            "rows": {name: cells},
        }
        parts += [(AuditKind.BOOKS, detail), *idle(LET_GO_EVERY)]
    made = RunningFold.unopened(0)
    for line in lines_of(parts):
        made.take(line)
    assert made.finished().problems == []
    assert whole(made.books) == whole(fold(lines_of(closed())))


def test_books_that_the_log_does_not_open_yet_take_nothing_and_have_no_checkpoint() -> None:
    made = RunningFold.unopened(7)
    for line in lines_of(entered()):
        made.take(line)
    assert made.checkpoint() is None
    assert made.books.problems == []
    assert not any(made.books.tables.values())


def test_no_checkpoint_is_larger_than_a_record_of_the_books() -> None:
    told: list[Step] = [
        (AuditKind.OPERATOR, {"request_id": f"r-{n}", "message": "m", "body": "x" * 1000, "who": "ada"})
        for n in range(PART_BYTES_MAX // 1000)
    ]
    assert running(lines_of(told)).checkpoint() is None
    assert running(lines_of(told[:-100])).checkpoint() is not None


def test_records_since_the_last_checkpoint_are_counted() -> None:
    payload, _ = append(GENESIS, [AuditEvent(kind=AuditKind.CHECKPOINT, at=AT, detail={})])
    made = running([*lines_of(idle(3))])
    assert made.since_checkpoint == 3
    made.take(split_lines(payload)[0])
    assert made.since_checkpoint == 0


@pytest.mark.parametrize(
    "change",
    [
        {"live": None},
        {"final": {}},
        {"rows": None},
        {"final": dict.fromkeys(TABLES, None)},
        {"final": {name: {"rows": 0, "sha256": "0"} for name in TABLES}},
        {"final": {name: {"rows": "0", "sha256": "0" * 64} for name in TABLES}},
        {"final": {name: {"rows": 0, "sha256": "g" * 64} for name in TABLES}},
    ],
)
def test_what_is_no_checkpoint_is_refused(change: Detail) -> None:
    detail = running(lines_of(entered())).checkpoint()
    assert detail is not None
    line, _ = encode_record(
        GENESIS, AuditEvent(kind=AuditKind.CHECKPOINT, at=AT, detail={**detail, **change})
    )
    with pytest.raises(ContradictionError):
        RunningFold.from_checkpoint(read_record(line))


CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    st.integers(min_value=-(2**63), max_value=2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"])),
)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=4))
def test_sqlite_writes_a_row_as_json_as_the_fold_does(rows: list[tuple[Cell, Cell]]) -> None:
    table = ProvedTable("t", "a", ("a", "b"))
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE t (a, b)")
        db.executemany("INSERT INTO t VALUES (?, ?)", rows)
        by_sqlite = [row[0] for row in db.execute("SELECT json_array(a, b) FROM t ORDER BY rowid")]
    made: list[Row] = [{"a": a, "b": b} for a, b in rows]
    assert by_sqlite == [row_json(table, row) for row in made]


def test_rows_added_one_by_one_or_at_once_have_the_same_digest_and_no_other_order_has_it() -> None:
    assert NO_ROWS.and_then(["a"]).and_then(["b"]) == NO_ROWS.and_then(["a", "b"])
    assert NO_ROWS.and_then(["b", "a"]) != NO_ROWS.and_then(["a", "b"])
    assert NO_ROWS.and_then(["ab"]).digest != NO_ROWS.and_then(["a", "b"]).digest
