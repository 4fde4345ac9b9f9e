"""The Federal Reserve's table of meetings, as its press releases and its page have it: a year, then days.

    2027
    January 26-27 (Tuesday-Wednesday)
    April 27-28
    April 30-May 1

The decision is announced at 2 p.m. in New York on the last day of a meeting.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from core.errors import InputError
from gateway.live.events.ics import Release

FOMC: Final = "FOMC rate decision"
ANNOUNCED: Final = time(14, tzinfo=ZoneInfo("America/New_York"))
_MONTHS: Final = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_YEAR = re.compile(r"(?:for )?(20\d\d)(?: fomc meetings)?:?", re.IGNORECASE)
_MEETING = re.compile(
    r"(?P<month>[A-Za-z]+) (?P<first>\d{1,2}) ?(?:-|–|to) ?(?:(?P<next>[A-Za-z]+) )?(?P<last>\d{1,2})\*?"
    r"(?: \((?P<from>[A-Za-z]+) ?(?:-|–|and) ?(?P<to>[A-Za-z]+)\))?[.;,*]?"
)


def read_fomc_table(text: str, what: str) -> tuple[Release, ...]:
    """The decision of each meeting. Raises `InputError` naming the line that is none of such a table."""
    year: int | None = None
    found: list[Release] = []
    for number, line in enumerate(text.splitlines(), 1):
        plain = " ".join(line.split())
        if not plain or plain.startswith("#"):
            continue
        heading, meeting = _YEAR.fullmatch(plain), _MEETING.fullmatch(plain)
        if heading is not None:
            year = int(heading[1])
        elif meeting is None or year is None:
            wanted = "a year" if year is None else "a year, or a meeting such as 'January 26-27'"
            raise InputError(f"{what}:{number}: expected {wanted}, found {plain[:60]!r}")
        else:
            day = _last_day(meeting, year, f"{what}:{number}")
            found.append(Release(FOMC, datetime.combine(day, ANNOUNCED).astimezone(UTC)))
    return tuple(found)


def _last_day(meeting: re.Match[str], year: int, where: str) -> date:
    """The day of the decision, held against the first day and, if it stands there, the day of the week."""
    name = meeting["next"] or meeting["month"]
    try:
        first = date(year, _MONTHS[meeting["month"].lower()], int(meeting["first"]))
        last = date(year, _MONTHS[name.lower()], int(meeting["last"]))
    except (KeyError, ValueError):
        raise InputError(f"{where}: expected days that exist, found {meeting[0]!r}") from None
    if (last - first).days != 1:
        raise InputError(f"{where}: expected two days, one after the other, found {meeting[0]!r}")
    weekday = calendar.day_name[last.weekday()]
    if meeting["to"] is not None and meeting["to"].lower() != weekday.lower():
        raise InputError(f"{where}: expected {weekday} for {last}, found {meeting['to']!r}")
    return last
