"""Takes a calendar further by an agency's own file, and says where the two differ."""

from __future__ import annotations

import hashlib
from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from core.errors import InputError
from gateway.live.events.calendar import BYTES_MAX, CalendarFile, ShippedEvent, family_ends
from gateway.live.events.fomc_table import FOMC, read_fomc_table
from gateway.live.events.ics import BEGIN, NAMES, Release, read_ics
from gateway.live.named_file import named_bytes, text_of

FAMILIES: Final = (FOMC, *NAMES)
"""Without one of these a calendar is none: an entry would be made into what is missing."""
MONTHLY: Final = tuple(NAMES)


class AgencyFile(NamedTuple):
    """What an agency's file says: known releases, and the names of those that are not taken."""

    releases: tuple[Release, ...]
    others: tuple[str, ...]
    digest: str


def read_agency_file(path: Path) -> AgencyFile:
    """A calendar file (ICS) of a statistics office, or a table of the Federal Reserve's meetings.

    Raises `InputError` if it is neither, or holds nothing that is known.
    """
    raw = named_bytes(path, "--import", BYTES_MAX)
    text = text_of(raw, f"--import {path}")
    if text.lstrip().upper().startswith(BEGIN):
        releases, others = read_ics(text, str(path))
    else:
        releases, others = read_fomc_table(text, str(path)), frozenset()
    if not releases:
        raise InputError(f"--import {path}: expected one of {', '.join(FAMILIES)}, found none of them")
    return AgencyFile(
        tuple(sorted(set(releases), key=lambda each: each.at)),
        tuple(sorted(others)),
        hashlib.sha256(raw).hexdigest(),
    )


def differences(calendar: CalendarFile, found: AgencyFile) -> list[str]:
    """Each release that only one of the two has, in the months and families that the file covers."""
    ours = {Release(event.name, event.at) for event in _covered(calendar.events, found)}
    theirs = set(found.releases)
    told = [(each, "only in the file") for each in theirs - ours]
    told += [(each, "only in the calendar") for each in ours - theirs]
    return [f"{each.at:%Y-%m-%d %H:%MZ} {each.name}: {where}" for each, where in sorted(told)]


def taken_further(calendar: CalendarFile, found: AgencyFile, source: str, today: date) -> CalendarFile:
    """The calendar with the file's releases in place of its own, in the months and families that it covers.

    Every new row names the file as its source; the calendar ends with the family that ends first. Raises
    `InputError` if a family is missing.
    """
    key = f"import-{found.digest[:12]}"
    replaced = _covered(calendar.events, found)
    kept = [event for event in calendar.events if event not in replaced]
    new = [
        ShippedEvent(name=each.name, country="US", importance="high", at=each.at, source=key)
        for each in found.releases
    ]
    events = tuple(sorted((*kept, *new), key=lambda event: event.at))
    ends = family_ends(events)
    missing = [name for name in FAMILIES if name not in ends]
    if missing:
        raise InputError(f"calendar: expected {', '.join(FAMILIES)}, found no {missing[0]}")
    used = {event.source for event in events}
    sources = {name: text for name, text in calendar.sources.items() if name in used}
    sources[key] = f"{source}, SHA-256 {found.digest}, read {today}"
    return CalendarFile(
        version=calendar.version,
        valid_from=calendar.valid_from,
        valid_through=min(ends.values()),
        verified_on=today,
        sources=sources,
        events=events,
    )


def holes(calendar: CalendarFile) -> list[str]:
    """Each month of the calendar in which a monthly release is missing, and each family that is."""
    names = {event.name for event in calendar.events}
    told = [f"no {name} at all" for name in FAMILIES if name not in names]
    had = {(event.name, event.at.year, event.at.month) for event in calendar.events}
    year, month = calendar.valid_from.year, calendar.valid_from.month
    while (year, month) <= (calendar.valid_through.year, calendar.valid_through.month):
        told += [
            f"no {name} in {year}-{month:02}"
            for name in MONTHLY
            if name in names and (name, year, month) not in had
        ]
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return told


def as_yaml(calendar: CalendarFile) -> str:
    """The file's text, as `read_calendar` reads it."""
    values = calendar.model_dump(mode="json")
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)


def _covered(events: Iterable[ShippedEvent], found: AgencyFile) -> list[ShippedEvent]:
    """Those of the file's families from its first month of each to its last."""
    spans = {}
    for name in {each.name for each in found.releases}:
        times = [each.at for each in found.releases if each.name == name]
        spans[name] = _month_of(min(times))[0], _month_of(max(times))[1]
    return [
        event
        for event in events
        if event.name in spans and spans[event.name][0] <= event.at <= spans[event.name][1]
    ]


def _month_of(at: datetime) -> tuple[datetime, datetime]:
    first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last = date(at.year, at.month, monthrange(at.year, at.month)[1])
    return first, datetime.combine(last, time.max, UTC)
