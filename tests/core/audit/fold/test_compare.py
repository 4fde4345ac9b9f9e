"""Comparing folded books with found ones: every difference is one line with table, row and field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.audit.fold.books import FoldedBooks
from core.audit.fold.compare import BooksDifference, differences, digest_of
from core.audit.fold.log import fold
from core.audit.fold.tables import Cell, ProvedTable
from core.messages.audit import AuditKind
from tests.core.audit.fold.logs import Step, cycle, entered, lines_of

Found = dict[str, list[dict[str, Cell]]]
STEPS: list[Step] = [
    *entered(),
    (AuditKind.DECISION, {"cycle_id": "c-1", "record": '{"x":1}'}),
    (AuditKind.CYCLE_OPENED, {**cycle()[1], "cycle_id": "c-2"}),
]


def books() -> FoldedBooks:
    return fold(lines_of(STEPS))


def found_as(folded: FoldedBooks) -> Found:
    """The very rows of the fold, as a database would give them."""
    return {name: [dict(row) for row in rows.values()] for name, rows in folded.tables.items()}


def compared(found: Found, folded: FoldedBooks | None = None) -> Sequence[BooksDifference]:
    def rows(table: ProvedTable) -> Sequence[Mapping[str, Cell]]:
        return found[table.name]

    return list(differences(folded or books(), rows))


def test_the_same_rows_are_no_difference() -> None:
    assert compared(found_as(books())) == []


def test_a_field_that_differs_is_named() -> None:
    found = found_as(books())
    found["fills"][0]["amount"] = 3
    [difference] = compared(found)
    assert difference == BooksDifference("fills", "'p-1:e1-1-ETH-23JAN26-2800-P'", "amount", "2", "3")
    assert str(difference) == ("fills 'p-1:e1-1-ETH-23JAN26-2800-P', amount: expected 2 by the log, found 3")


def test_a_number_as_text_is_a_difference() -> None:
    found = found_as(books())
    found["fills"][0]["amount"] = "2"
    assert [difference.found for difference in compared(found)] == ["'2'"]


def test_missing_added_and_doubled_rows_are_named() -> None:
    found = found_as(books())
    first = found["fills"].pop(0)
    found["fills"] += [{**first, "trade_id": "t-9"}, dict(found["fills"][0])]
    assert [str(difference) for difference in compared(found)] == [
        "fills 't-9': expected no such row by the log, found one",
        "fills 'p-1:e1-1-ETH-23JAN26-2600-P': expected one such row by the log, found a second one",
        "fills 'p-1:e1-1-ETH-23JAN26-2800-P': expected one such row by the log, found none",
    ]


def test_the_order_of_rows_counts_where_a_table_keeps_one() -> None:
    found = found_as(books())
    found["cycles"].reverse()
    assert [str(difference) for difference in compared(found)] == [
        "cycles 'c-1': expected it as row 1 by the log, found it after others"
    ]
    found = found_as(books())
    found["system"].reverse()
    assert compared(found) == []


def test_alerts_below_high_are_not_in_the_log() -> None:
    found = found_as(books())
    row: dict[str, Cell] = dict.fromkeys(("alert_id", "code", "text", "cause", "at"), "x")
    found["alerts"] = [{**row, "severity": severity} for severity in ("LOW", "MEDIUM")]
    assert compared(found) == []
    found["alerts"] = [{**row, "severity": severity} for severity in ("HIGH", "CRITICAL")]
    assert [difference.by_log for difference in compared(found)] == ["no such row"] * 2


def test_decisions_are_compared_by_digest_if_digests_are_kept() -> None:
    digests = fold(lines_of(STEPS), keep=digest_of)
    found = found_as(books())
    assert compared(found, digests) == []
    found["decisions"][0]["record"] = '{"x":2}'
    [difference] = compared(found, digests)
    assert (difference.table, difference.field) == ("decisions", "record")
    found["decisions"][0]["record"] = 7
    assert [difference.found for difference in compared(found, digests)] == ["7"]


def test_a_long_value_is_shown_in_part() -> None:
    found = found_as(books())
    found["decisions"][0]["record"] = "x" * 500
    [difference] = compared(found)
    assert difference.found == "'" + "x" * 119 + "…"
    found["decisions"][0]["record"] = "x" * 118
    [difference] = compared(found)
    assert difference.found == repr("x" * 118)
