"""An agency's own file takes the calendar further: each row names it, the earliest family ends the whole."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core.errors import InputError
from gateway.live.events.calendar import read_calendar
from gateway.live.events.calendar_import import (
    as_yaml,
    differences,
    holes,
    read_agency_file,
    taken_further,
)

SHIPPED = read_calendar(None)
TODAY = date(2026, 11, 29)
ICS = """\
BEGIN:VCALENDAR\r
PRODID:-//an office//EN\r
BEGIN:VEVENT\r
DTSTART;TZID=US-Eastern:20261210T083000\r
SUMMARY:Consumer Price Index\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTART;TZID=America/New_York:20270210T083000\r
SUMMARY:Consumer Price\r
  Index for January 2027\r
BEGIN:VALARM\r
SUMMARY:Employment Situation\r
END:VALARM\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTART:20270108T133000Z\r
SUMMARY:Employment Situation\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTART;VALUE=DATE:20270109\r
SUMMARY:Employment Situation of Veterans\r
END:VEVENT\r
END:VCALENDAR\r
"""
TABLE = "2028\n\nJanuary 25-26 (Tuesday-Wednesday)\nMarch 14-15*\n# a note\nOctober 31-November 1\n"


@pytest.fixture
def ics(tmp_path: Path) -> Path:
    return written(tmp_path, ICS)


def written(folder: Path, text: str) -> Path:
    path = folder / "agency"
    path.write_bytes(text.encode())
    return path


def test_an_offices_file_is_read_in_its_own_time_zones(ics: Path) -> None:
    found = read_agency_file(ics)
    assert [(each.name, each.at.isoformat()) for each in found.releases] == [
        ("CPI", "2026-12-10T13:30:00+00:00"),
        ("Employment Situation", "2027-01-08T13:30:00+00:00"),
        ("CPI", "2027-02-10T13:30:00+00:00"),
    ]
    assert found.others == ("Employment Situation of Veterans",)


def test_a_table_of_meetings_is_read_as_decisions_at_two_in_new_york(tmp_path: Path) -> None:
    found = read_agency_file(written(tmp_path, TABLE))
    assert [each.at.isoformat() for each in found.releases] == [
        "2028-01-26T19:00:00+00:00",
        "2028-03-15T18:00:00+00:00",
        "2028-11-01T18:00:00+00:00",
    ]


def test_the_table_of_2027_is_what_the_shipped_calendar_has(tmp_path: Path) -> None:
    """Both are of the same press release."""
    days = "January 26-27\nMarch 16-17\nApril 27-28\nJune 8-9\nJuly 27-28\nSeptember 14-15\nOctober 26-27\n"
    found = read_agency_file(written(tmp_path, f"2027\n{days}December 7-8\n"))
    assert differences(SHIPPED, found) == []


def test_what_only_one_has_is_told(ics: Path) -> None:
    text = ICS.replace("20261210T083000", "20261211T083000")
    ics.write_bytes(text.encode())
    assert differences(SHIPPED, read_agency_file(ics)) == [
        "2026-12-10 13:30Z CPI: only in the calendar",
        "2026-12-11 13:30Z CPI: only in the file",
        "2027-02-10 13:30Z CPI: only in the file",
        "2027-01-08 13:30Z Employment Situation: only in the file",
    ]


def test_a_calendar_taken_further_ends_with_its_earliest_family_and_each_row_names_its_source(
    ics: Path, tmp_path: Path
) -> None:
    found = read_agency_file(ics)
    new = taken_further(SHIPPED, found, "https://www.bls.gov/", TODAY)
    assert new.valid_through == date(2027, 1, 31), "Employment Situation is known until January alone"
    key = f"import-{found.digest[:12]}"
    assert {event.source for event in new.events if event.at > datetime(2026, 12, 10, tzinfo=UTC)} == {
        key,
        "fed-2027",
    }
    assert new.sources[key] == f"https://www.bls.gov/, SHA-256 {found.digest}, read 2026-11-29"
    path = tmp_path / "new.yaml"
    path.write_text(as_yaml(new), "utf-8")
    assert read_calendar(path) == new
    assert holes(new) == ["no CPI in 2027-01"]


def test_the_shipped_calendar_has_no_hole() -> None:
    assert holes(SHIPPED) == []


def test_a_calendar_without_a_family_is_not_made(ics: Path) -> None:
    bare = SHIPPED.model_copy(update={"events": (), "sources": {}})
    with pytest.raises(InputError, match="found no FOMC rate decision"):
        taken_further(bare, read_agency_file(ics), "s", TODAY)


@pytest.mark.parametrize(
    ("found", "instead", "told"),
    [
        ("TZID=US-Eastern", "TZID=Mars", "expected a time zone that is known, found 'Mars'"),
        (";TZID=US-Eastern", "", "expected a time zone that is known, found ''"),
        ("20261210T083000", "20261210", "expected a day with its time"),
        ("20261210T083000", "20261340T083000", "expected a time that exists"),
        ("END:VEVENT\r\nEND:VCALENDAR\r\n", "", "expected END:VEVENT"),
        ("PRODID:-//an office//EN", "no colon", ":2: expected NAME:VALUE"),
    ],
)
def test_a_broken_file_of_an_office_names_line_and_cause(
    ics: Path, found: str, instead: str, told: str
) -> None:
    ics.write_bytes(ICS.replace(found, instead, 1).encode())
    with pytest.raises(InputError) as raised:
        read_agency_file(ics)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("January 25-26\n", ":1: expected a year"),
        ("2028\nJanuary 26\n", ":2: expected a year, or a meeting"),
        ("2028\nJanuary 25-26 (Monday-Tuesday)\n", "expected Wednesday for 2028-01-26, found 'Tuesday'"),
        ("2028\nJanuary 25-28\n", "expected two days"),
        ("2028\nFebruary 30-31\n", "expected days that exist"),
        ("2028\n", "found none of them"),
    ],
)
def test_a_broken_table_names_line_and_cause(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError) as raised:
        read_agency_file(written(tmp_path, text))
    assert told in str(raised.value)


def test_a_calendar_that_reaches_beyond_a_family_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calendar.yaml"
    path.write_text(as_yaml(SHIPPED).replace("'2026-12-31'", "'2027-01-31'"), "utf-8")
    with pytest.raises(InputError, match="valid_through: expected 2026-12-31 at most, with which"):
        read_calendar(path)
