"""The `macro` router: the calendar of economic events."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, FailFast

from core.contract.base import Router, Tool, ToolAnswer, ToolRequest
from core.contract.scalars import FreeText, Named, UtcTime, word

Importance = Literal["low", "medium", "high"]
ImportanceRead = Annotated[Importance, BeforeValidator(word)]
"""In any spelling."""


class GetCalendar(ToolRequest):
    """Events in [start, end]; `countries` and `importance` restrict if given."""

    start: UtcTime
    end: UtcTime
    countries: tuple[str, ...] | None = None
    importance: Importance | None = None


class CalendarEvent(ToolAnswer):
    """One scheduled release."""

    name: FreeText
    country: Named
    importance: ImportanceRead
    scheduled_at: UtcTime


def _by_time(events: tuple[CalendarEvent, ...]) -> tuple[CalendarEvent, ...]:
    return tuple(sorted(dict.fromkeys(events), key=lambda event: event.scheduled_at))


class Calendar(ToolAnswer):
    """Events by time."""

    events: Annotated[tuple[CalendarEvent, ...], FailFast(), AfterValidator(_by_time)]


GET_CALENDAR: Final = Tool(Router.MACRO, "get_calendar", GetCalendar, Calendar)
