"""A log that opens with the rows of the books folds like the log that made them."""

from __future__ import annotations

import pytest

from core.audit.fold.books import FoldedBooks
from core.audit.fold.compare import digest_of
from core.audit.fold.log import fold
from core.audit.fold.opening import PART_BYTES_MAX, parts
from core.audit.fold.tables import PROVED
from core.audit.hash_chain import canonical_json
from core.messages.audit import AuditKind
from tests.core.audit.fold.logs import (
    AFTER_ENTRY_ETH,
    Detail,
    Step,
    cycle,
    delivered,
    entered,
    folded,
    instructed,
    lines_of,
    moved,
)

DECISION: Step = (AuditKind.DECISION, {"cycle_id": "c-1", "record": "{}"})
BROKEN: Step = (AuditKind.CHAIN_BROKEN, {"evidence": "evidence/x"})


def opening(books: FoldedBooks) -> list[Detail]:
    return parts(((table, books.tables[table.name].values()) for table in PROVED), "break")


def opened_with(details: list[Detail]) -> list[Step]:
    return [BROKEN, *((AuditKind.BOOKS, detail) for detail in details)]


def test_the_rows_fold_to_the_same_books_and_the_same_holdings() -> None:
    books = folded(*entered(), DECISION)
    [detail] = opening(books)
    assert (detail["part"], detail["parts"], detail["why"]) == (1, 1, "break")
    again = folded(*opened_with([detail]))
    assert again.problems == []
    assert again.tables == books.tables
    assert again.holdings == books.holdings


def test_what_follows_goes_on_from_the_rows() -> None:
    rest = [
        instructed("p-1:x1"),
        moved("open", "closing", opened=2, left=2, pnl=AFTER_ENTRY_ETH),
    ]
    again = folded(*opened_with(opening(folded(*entered()))), *rest)
    assert again.problems == []
    assert again.tables == folded(*entered(), *rest).tables
    live = folded(*opened_with(opening(folded(*entered(), *rest))))
    assert live.holdings["p-1"].live == {"p-1:x1": "exit"}


def test_an_opening_forgets_what_was_folded_before_it() -> None:
    [detail] = opening(folded(cycle()))
    again = folded(*entered()[:-1], delivered("ETH-X", 9), (AuditKind.BOOKS, detail))
    assert again.problems == []
    assert {name for name, rows in again.tables.items() if rows} == {"cycles"}


def test_a_chain_that_begins_with_a_break_needs_the_rows() -> None:
    said = "the log does not say how the books were when it began anew (BOOKS)"
    assert folded(BROKEN).problems == [said]
    half = {**opening(folded(cycle()))[0], "parts": 2}
    assert folded(BROKEN, (AuditKind.BOOKS, half)).problems == [said]


def test_empty_books_are_one_part_without_rows() -> None:
    [detail] = opening(folded())
    assert (detail["rows"], detail["columns"]) == ({}, {})
    assert folded(*opened_with([detail])).problems == []


def test_parts_stay_below_a_mebibyte_and_keep_the_order_of_rows() -> None:
    long: list[Step] = [(AuditKind.DECISION, {"cycle_id": "c-1", "record": "x" * 300_000}) for _ in range(7)]
    huge: Step = (AuditKind.DECISION, {"cycle_id": "c-1", "record": "x" * (PART_BYTES_MAX + 9)})
    books = folded(cycle(), *long, huge, DECISION)
    details = opening(books)
    assert [detail["part"] for detail in details] == [1, 2, 3, 4, 5]
    sizes = [len(line) for line in lines_of(opened_with(details))]
    assert sum(size >= 1024 * 1024 for size in sizes) == 0 or sizes.count(max(sizes)) == 1
    assert all(size < 1024 * 1024 for size in sorted(sizes)[:-1])
    again = folded(*opened_with(details))
    assert again.problems == []
    assert list(again.tables["decisions"].values()) == list(books.tables["decisions"].values())


def test_a_part_is_full_at_its_limit_and_not_before() -> None:
    """Two rows of just half of the limit are one part; a byte more makes two."""
    row = len(canonical_json([1, "c-1", "2026-01-05T14:00:00.000000Z", ""])) + 1
    half = PART_BYTES_MAX // 2 - row
    for extra, expected in ((0, 1), (1, 2)):
        texts = ("x" * half, "x" * (half + extra))
        steps: list[Step] = [(AuditKind.DECISION, {"cycle_id": "c-1", "record": text}) for text in texts]
        assert len(opening(folded(*steps))) == expected


def test_alerts_below_high_are_left_out() -> None:
    row = {"alert_id": "a", "severity": "LOW", "code": "c", "text": "t", "cause": "w", "at": "x"}
    alerts = next(table for table in PROVED if table.name == "alerts")
    assert parts([(alerts, [row])], "break")[0]["rows"] == {}
    assert parts([(alerts, [row | {"severity": "HIGH"}])], "break")[0]["rows"] == {
        "alerts": [["a", "HIGH", "c", "t", "w", "x"]]
    }


def test_decisions_are_kept_as_digests_if_digests_are_kept() -> None:
    steps = opened_with(opening(folded(cycle(), DECISION)))
    assert fold(lines_of(steps), keep=digest_of).tables["decisions"][1]["record"] == digest_of("{}")


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"part": 2}, "part: expected 1, found 2"),
        ({"rows": []}, "rows: expected rows of the books by table, found something else"),
        ({"columns": []}, "rows: expected rows of the books by table, found something else"),
        ({"rows": {"moons": []}}, "rows: expected rows of the books by table, found something else"),
        ({"columns": {"cycles": ["job"]}}, "cycles: expected rows of the columns ['cycle_id', "),
        ({"rows": {"cycles": 1}}, "cycles: expected rows of the columns ['cycle_id', "),
        ({"rows": {"cycles": [["x"]]}}, "cycles: expected rows of 7 cells, found another"),
        ({"rows": {"cycles": [1]}}, "cycles: expected rows of 7 cells, found another"),
        (
            {"rows": {"cycles": [["x"] * 6 + [0.5]]}},
            "cycles, reasons: expected text, a number or null, found 0.5",
        ),
        (
            {"rows": {"cycles": [["x"] * 6 + [True]]}},
            "cycles, reasons: expected text, a number or null, found True",
        ),
    ],
)
def test_rows_that_are_none_are_named(update: Detail, said: str) -> None:
    [detail] = opening(folded(cycle()))
    problems = folded(*opened_with([{**detail, **update}])).problems
    assert any(problem.startswith(f"record 2 (BOOKS): {said}") for problem in problems), problems


def test_parts_out_of_order_are_named() -> None:
    [detail] = opening(folded(cycle()))
    first, third = {**detail, "parts": 3}, {**detail, "part": 3, "parts": 3}
    problems = folded(*opened_with([first, third])).problems
    assert "record 3 (BOOKS): part: expected 2, found 3" in problems
