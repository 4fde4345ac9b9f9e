"""The calendar files of statistics offices (iCalendar, RFC 5545): the events whose names are known here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import InputError

BEGIN: Final = "BEGIN:VCALENDAR"
OF_MONTH: Final = r"(?: (?:for|in) \w+ \d{4}| \(\w+ \d{4}\))?"
NAMES: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "CPI": re.compile(rf"(?:the )?consumer price index{OF_MONTH}", re.IGNORECASE),
        "Employment Situation": re.compile(rf"(?:the )?employment situation{OF_MONTH}", re.IGNORECASE),
    }
)
"""By our name of a release, how the offices spell it. A release with more words is another one."""
ZONES: Final[Mapping[str, str]] = MappingProxyType(
    {"US-Eastern": "America/New_York", "Eastern Standard Time": "America/New_York"}
)
"""Names of zones in such files that the database of zones does not know."""
_LOCAL = re.compile(r"\d{8}T\d{6}")


class Release(NamedTuple):
    """One event of a file: its name as ours, and its time in UTC."""

    name: str
    at: datetime


class FoundReleases(NamedTuple):
    """What a file holds: the releases that are known here, and the names of all others."""

    releases: tuple[Release, ...]
    others: frozenset[str]


def read_ics(text: str, what: str) -> FoundReleases:
    """The known releases of a calendar file. Raises `InputError` for one whose time can't be read."""
    releases: list[Release] = []
    others: set[str] = set()
    zone = ""
    for number, event in _events(text, what):
        zone = event.get("X-WR-TIMEZONE", zone)
        summary = event.get("SUMMARY", "").replace("\\,", ",").strip()
        name = next((ours for ours, spelt in NAMES.items() if spelt.fullmatch(summary)), None)
        if name is None:
            others.add(summary)
        elif event.get("STATUS", "").upper() != "CANCELLED":
            releases.append(Release(name, _start(event, zone, f"{what}:{number}: DTSTART of {summary!r}")))
    return FoundReleases(tuple(releases), frozenset(others))


def _events(text: str, what: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each event's first line and properties; beside DTSTART stands its zone, as `TZID`."""
    head: dict[str, str] = {}
    inside: dict[str, str] | None = None
    began = depth = 0
    for number, line in _unfolded(text):
        key, colon, value = line.partition(":")
        name, *parameters = key.split(";")
        if not colon:
            raise InputError(f"{what}:{number}: expected NAME:VALUE, found {line[:60]!r}")
        if line.strip().upper() == "BEGIN:VEVENT":
            inside, began, depth = dict(head), number, 0
        elif inside is None:
            if name.upper() == "X-WR-TIMEZONE":
                head["X-WR-TIMEZONE"] = value.strip()
        elif line.strip().upper() == "END:VEVENT":
            yield began, inside
            inside = None
        elif name.upper() in ("BEGIN", "END"):
            # An alarm within an event has a summary and a start of its own.
            depth += 1 if name.upper() == "BEGIN" else -1
        elif depth == 0:
            inside[name.upper()] = value.strip()
            if name.upper() == "DTSTART":
                pairs = (parameter.partition("=") for parameter in parameters)
                inside |= {f"DTSTART.{left.upper()}": right.strip('"') for left, _, right in pairs}
    if inside is not None:
        raise InputError(f"{what}:{began}: expected END:VEVENT, found the end of the file")


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Each line with its number; a line that begins with a space goes on with the one before."""
    held: tuple[int, str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if held is not None and line[:1] in (" ", "\t"):
            held = held[0], held[1] + line[1:]
            continue
        if held is not None and held[1].strip():
            yield held
        held = number, line
    if held is not None and held[1].strip():
        yield held


def _start(event: Mapping[str, str], zone: str, where: str) -> datetime:
    found = event.get("DTSTART", "")
    if _LOCAL.fullmatch(found.removesuffix("Z")) is None:
        raise InputError(f"{where}: expected a day with its time, such as 20261210T083000, found {found!r}")
    try:
        local = datetime.strptime(found.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007  (its zone follows)
    except ValueError:
        raise InputError(f"{where}: expected a time that exists, found {found!r}") from None
    if found.endswith("Z"):
        return local.replace(tzinfo=UTC)
    named = event.get("DTSTART.TZID", zone)
    try:
        return local.replace(tzinfo=ZoneInfo(ZONES.get(named, named))).astimezone(UTC)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"{where}: expected a time zone that is known, found {named!r}") from None
