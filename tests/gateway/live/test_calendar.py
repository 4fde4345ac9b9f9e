"""The calendar's file: what it holds, where it ends, and what is wrong with a broken one."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.contract import GetCalendar
from core.errors import InputError
from gateway.live.errors import StaleError
from gateway.live.events.calendar import CalendarFile, read_calendar

SHIPPED = read_calendar(None)
WHOLE = """\
version: 1
valid_from: 2026-10-01
valid_through: 2026-12-31
verified_on: 2026-11-29
sources: {a: a page}
events:
  - {name: CPI, country: US, importance: high, at: 2026-12-10T13:30:00Z, source: a}
"""


def read(folder: Path, text: str) -> CalendarFile:
    path = folder / "calendar.yaml"
    path.write_text(text, "utf-8")
    return read_calendar(path)


def test_events_within_the_span_are_served() -> None:
    found = SHIPPED.answer(
        GetCalendar(start=datetime(2026, 12, 1, tzinfo=UTC), end=datetime(2026, 12, 31, tzinfo=UTC))
    )
    assert [(event.name.strip("⟪⟫"), event.scheduled_at.isoformat()) for event in found.events] == [
        ("Employment Situation", "2026-12-04T13:30:00+00:00"),
        ("FOMC rate decision", "2026-12-09T19:00:00+00:00"),
        ("CPI", "2026-12-10T13:30:00+00:00"),
    ]


def test_what_reaches_beyond_the_end_is_refused() -> None:
    with pytest.raises(StaleError, match="calendar ends 2026-12-31, asked until 2027-01-01"):
        SHIPPED.answer(GetCalendar(start=SHIPPED.ends - timedelta(days=1), end=SHIPPED.ends))
    with pytest.raises(StaleError, match="calendar begins 2026-10-01"):
        SHIPPED.answer(GetCalendar(start=SHIPPED.begins - timedelta(seconds=1), end=SHIPPED.begins))


@pytest.mark.parametrize(("days", "told"), [(46, None), (45, "in 45 days"), (0.5, "in 0 days")])
def test_its_end_is_told_from_45_days_before(days: float, told: str | None) -> None:
    warning = SHIPPED.warning(SHIPPED.ends - timedelta(days=days))
    assert warning is None if told is None else warning is not None and told in warning


def test_every_event_names_a_source_and_the_shipped_ones_are_at_the_agencies_hours() -> None:
    assert SHIPPED.events
    for event in SHIPPED.events:
        assert event.source in SHIPPED.sources
        assert event.at.strftime("%H:%M") in ("19:00", "18:00", "13:30", "12:30")
        assert event.at.weekday() < 5


def test_the_shipped_events_are_those_of_the_recorded_list(recorded_data: Path) -> None:
    with (recorded_data / "macro_events_high.csv").open(encoding="utf-8") as lines:
        recorded = {
            (row["name"], datetime.fromisoformat(row["scheduled_at"])) for row in csv.DictReader(lines)
        }
    shipped = {(event.name, event.at) for event in SHIPPED.events}
    last = max(at for _, at in recorded)
    assert {each for each in shipped if each[1] <= last} == {
        each for each in recorded if SHIPPED.begins <= each[1] < SHIPPED.ends
    }


@pytest.mark.parametrize(
    ("found", "instead", "told"),
    [
        ("at: 2026-12-10T13:30:00Z", "at: 2026-12-10T13:30:00", "with its zone"),
        ("source: a}", "source: b}", "'b' is not in `sources`"),
        ("importance: high", "importance: huge", "events.0.importance"),
        ("version: 1", "version: 2", "version"),
        ("country: US", "country: USA", "events.0.country"),
        ("sources: {a: a page}\n", "", "sources"),
        ("valid_through: 2026-12-31", "valid_through: soon", "valid_through"),
        ("version: 1", "version: 1\nextra: 1", "extra"),
        ("version: 1", "version: [1", "can't be read"),
        (WHOLE, "[]", "calendar"),
    ],
)
def test_a_broken_file_is_refused_with_what_is_wrong(
    tmp_path: Path, found: str, instead: str, told: str
) -> None:
    with pytest.raises(InputError) as raised:
        read(tmp_path, WHOLE.replace(found, instead))
    assert told in str(raised.value)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE).events[0].name == "CPI"


def test_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        read_calendar(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("found", "instead", "told"),
    [
        ("version: 1", "version: &a [*a]", ":1: expected YAML: expected plain values, found an alias"),
        (
            "version: 1",
            f"version: {'[' * 3000}{']' * 3000}",
            ": expected settings, found brackets nested too deeply",
        ),
        ("version: 1", f"version: {'9' * 5000}", ":1: expected a valid int, found a longer one"),
        ("valid_through: 2026-12-31", "valid_through: 2026-13-45", ":3: expected a valid timestamp"),
        ("version: 1", "version: 1\nversion: 1", ":2: version: expected once, found again"),
        ("version: 1", "version: 1\n1: 1", ":2: expected a key of text, found 1"),
    ],
)
def test_what_no_file_of_settings_may_hold_is_refused_with_its_line(
    tmp_path: Path, found: str, instead: str, told: str
) -> None:
    with pytest.raises(InputError) as raised:
        read(tmp_path, WHOLE.replace(found, instead))
    assert str(raised.value).startswith(f"calendar can't be read: {tmp_path / 'calendar.yaml'}")
    assert told in str(raised.value)
    assert len(str(raised.value)) < 400


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "calendar.yaml")
    with pytest.raises(InputError, match="can't be read: expected a plain file, found a pipe"):
        read_calendar(tmp_path / "calendar.yaml")
