"""The `macro` router: the calendar of economic events."""

from __future__ import annotations

from typing import Final, Literal

from core.contract.base import Router, Tool, ToolAnswer, ToolRequest, UtcTime
from core.venue_text import Name

Importance = Literal["low", "medium", "high"]


class GetCalendar(ToolRequest):
    """Events in [start, end]; `countries` and `importance` restrict if given."""

    start: UtcTime
    end: UtcTime
    countries: tuple[str, ...] | None = None
    importance: Importance | None = None


class CalendarEvent(ToolAnswer):
    """One scheduled release."""

    name: Name
    country: Name
    importance: Importance
    scheduled_at: UtcTime


class Calendar(ToolAnswer):
    """Events by time."""

    events: tuple[CalendarEvent, ...]


GET_CALENDAR: Final = Tool(Router.MACRO, "get_calendar", GetCalendar, Calendar)
