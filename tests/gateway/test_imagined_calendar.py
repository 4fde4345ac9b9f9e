"""The imagined calendar is good on every day of a year, for as long as an entry looks ahead."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from core.contract import GetCalendar
from gateway.live.events.calendar import read_calendar
from tests.gateway.imagined_calendar import calendar_around


def test_it_covers_three_weeks_from_any_day_without_a_warning(tmp_path: Path) -> None:
    for n in range(0, 366, 5):
        day = date(2026, 12, 31) + timedelta(days=n)
        calendar = read_calendar(calendar_around(day, tmp_path))
        now = datetime.combine(day, time(23), UTC)
        asked = GetCalendar(start=now - timedelta(days=2), end=now + timedelta(days=21))
        calendar.answer(asked)
        assert calendar.warning(now) is None
