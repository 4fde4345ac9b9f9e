"""The calendar of economic events: a file that is shipped, with the day on which it ends.

Nobody publishes one that a program may ask for without a key, so the events of a year stand in a file, each
with the text that it was read from. Past its end nothing is assumed: what reaches further is refused.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.contract import Calendar, CalendarEvent, GetCalendar, Importance
from core.errors import ConfigError, InputError
from core.how_many import how_many
from core.lined_yaml import parse_lined_yaml
from core.schema_words import wrong_by
from gateway.live.errors import StaleError
from gateway.live.named_file import named_bytes, text_of

SHIPPED: Final = "calendar.yaml"
WARNED_BEFORE: Final = timedelta(days=45)
BYTES_MAX: Final = 1_000_000


class _CalendarBase(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ShippedEvent(_CalendarBase):
    """One event; `source` names the text that says so, by its key in `sources`."""

    name: Annotated[str, Field(min_length=1)]
    country: Annotated[str, Field(min_length=2, max_length=2)]
    importance: Importance
    at: datetime
    source: Annotated[str, Field(min_length=1)]

    @field_validator("at")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError("expected a time with its zone, such as 2026-12-10T19:00:00Z")
        return value.astimezone(UTC)


class CalendarFile(_CalendarBase):
    """What the file holds. `valid_through` is the last day of the family of events that ends first."""

    version: Literal[1]
    valid_from: date
    valid_through: date
    verified_on: date
    sources: dict[str, str]
    events: tuple[ShippedEvent, ...]

    @property
    def begins(self) -> datetime:
        """The first moment that is covered."""
        return datetime.combine(self.valid_from, time(), UTC)

    @property
    def ends(self) -> datetime:
        """The first moment that is not covered any more."""
        return datetime.combine(self.valid_through + timedelta(days=1), time(), UTC)

    def answer(self, request: GetCalendar) -> Calendar:
        """The events in [start, end]. Raises `StaleError` if that is not all covered."""
        if request.end >= self.ends:
            raise StaleError(f"calendar ends {self.valid_through}, asked until {request.end:%Y-%m-%dT%H:%MZ}")
        if request.start < self.begins:
            raise StaleError(f"calendar begins {self.valid_from}, asked from {request.start:%Y-%m-%dT%H:%MZ}")
        return Calendar(
            events=tuple(
                CalendarEvent(
                    name=event.name, country=event.country, importance=event.importance, scheduled_at=event.at
                )
                for event in self.events
                if request.start <= event.at <= request.end
                and (request.countries is None or event.country in request.countries)
                and request.importance in (None, event.importance)
            )
        )

    def warning(self, now: datetime) -> str | None:
        """What to say of its end, from 45 days before on."""
        left = self.ends - now
        if left > WARNED_BEFORE:
            return None
        days = max(0, left.days)
        return (
            f"the calendar of events ends {self.valid_through}, in {how_many(days, 'day')}; entries stop then"
        )


def family_ends(events: Iterable[ShippedEvent]) -> dict[str, date]:
    """By name of the events, the last day until which they are known: that of the month of the last one.

    No family has two in a month, so that nothing of it can follow in the same month.
    """
    ends: dict[str, date] = {}
    for event in events:
        last = event.at.date()
        end = last.replace(day=monthrange(last.year, last.month)[1])
        ends[event.name] = max(end, ends.get(event.name, end))
    return ends


def read_calendar(path: Path | None) -> CalendarFile:
    """The file at `path`, or the shipped one. Raises `InputError` naming what is wrong with it."""
    if path is None:
        return _shipped()
    return _parsed(named_bytes(path, "calendar", BYTES_MAX), str(path))


@cache
def _shipped() -> CalendarFile:
    return _parsed(resources.files("gateway.live.events").joinpath(SHIPPED).read_bytes(), SHIPPED)


def _parsed(raw: bytes, what: str) -> CalendarFile:
    try:
        found = CalendarFile.model_validate(parse_lined_yaml(text_of(raw, f"calendar {what}"), what).values)
    except ConfigError as error:
        raise InputError(f"calendar can't be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"calendar {what}: {where}: {wrong_by(first)}") from error
    for event in found.events:
        if event.source not in found.sources:
            raise InputError(f"calendar {what}: source: {event.source!r} is not in `sources`")
    for name, end in family_ends(found.events).items():
        if end < found.valid_through:
            raise InputError(
                f"calendar {what}: valid_through: expected {end} at most, with which {name} ends, "
                f"found {found.valid_through}"
            )
    return found
