"""The names of a record's files."""

from __future__ import annotations

from datetime import date

import pytest

from core.record.names import RecordFile, named_record, record_name

DAY = date(2026, 1, 5)


@pytest.mark.parametrize(
    ("what", "name"),
    [
        (RecordFile.CHAIN, "chain-2026-01-05.csv.gz"),
        (RecordFile.SERIES, "series-2026-01-05.csv.gz"),
        (RecordFile.INPUTS, "inputs-2026-01-05.jsonl.gz"),
    ],
)
def test_a_name_says_what_a_file_holds_and_of_which_day(what: RecordFile, name: str) -> None:
    assert record_name(what, DAY) == name
    assert named_record(name) == named_record(f"{name}.damaged") == (what, DAY)


@pytest.mark.parametrize(
    "name", ["chain-2026-13-05.csv.gz", "chain-2026-01-05.csv", "notes.txt", "xchain-2026-01-05.csv.gz"]
)
def test_what_is_named_otherwise_is_no_part_of_a_record(name: str) -> None:
    assert named_record(name) is None
