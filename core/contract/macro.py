"""The `macro` router: the calendar of economic events."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, FailFast, Field

from core.contract.base import Router, Tool, ToolAnswer, ToolRequest
from core.contract.scalars import NAME_LENGTH_MAX, Titled, UtcTime, word
from core.market.countries import country_of
from core.venue_text import named

Importance = Literal["low", "medium", "high"]
ImportanceRead = Annotated[Importance, BeforeValidator(word)]
"""In any spelling."""


def _country(found: str) -> str:
    """Our code of the country; a word that is not known stays, quoted if it does not look like a name."""
    return country_of(found) or named(found)


Country = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX), AfterValidator(_country)]


class GetCalendar(ToolRequest):
    """Events in [start, end]; `countries` and `importance` restrict if given."""

    start: UtcTime
    end: UtcTime
    countries: tuple[str, ...] | None = None
    importance: Importance | None = None


class CalendarEvent(ToolAnswer):
    """One scheduled release."""

    name: Titled
    country: Country
    importance: ImportanceRead
    scheduled_at: UtcTime


def _by_time(events: tuple[CalendarEvent, ...]) -> tuple[CalendarEvent, ...]:
    return tuple(sorted(dict.fromkeys(events), key=lambda event: event.scheduled_at))


class Calendar(ToolAnswer):
    """Events by time."""

    events: Annotated[tuple[CalendarEvent, ...], FailFast(), AfterValidator(_by_time)]


GET_CALENDAR: Final = Tool(Router.MACRO, "get_calendar", GetCalendar, Calendar)
