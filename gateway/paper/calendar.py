"""Which expiries the venue lists at a moment and since when: dailies, weeklies, monthlies, quarterlies.

Options expire at 08:00 UTC. Weeklies are Fridays (a monthly counts among them), monthlies the last Friday
of a month, quarterlies those of March, June, September and December.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from core.market.instrument_name import EXPIRY_HOUR_UTC

DAY = timedelta(days=1)
DAILIES = 3
WEEKLIES = 3
MONTHLIES = 3
QUARTERLIES = 4
_FRIDAY = 4
_MONTHS_PER_QUARTER = 3


def next_expiry_moment(now: datetime) -> datetime:
    """The first 08:00 UTC strictly after `now`."""
    moment = now.astimezone(UTC).replace(hour=EXPIRY_HOUR_UTC, minute=0, second=0, microsecond=0)
    return moment if moment > now else moment + DAY


def listed_expiries(now: datetime) -> tuple[datetime, ...]:
    """Every listed expiry later than `now`, ascending. The list changes at 08:00 UTC only."""
    return _listed_from(next_expiry_moment(now))


def listed_since(expiry: datetime, not_before: datetime) -> datetime:
    """The 08:00 UTC from which on `expiry` is listed without a break, or `not_before` if that is later."""
    moment = expiry - DAY
    while moment > not_before and expiry in _listed_from(moment):
        moment -= DAY
    return max(moment, not_before)


@lru_cache(maxsize=1024)
def _listed_from(first: datetime) -> tuple[datetime, ...]:
    """The expiries listed while `first` is the next 08:00 UTC."""
    dailies = [first + DAY * i for i in range(DAILIES)]
    friday = first + DAY * ((_FRIDAY - first.weekday()) % 7)
    weeklies = [friday + 7 * DAY * i for i in range(WEEKLIES)]
    last_fridays = _last_fridays(first, (MONTHLIES + QUARTERLIES + 1) * _MONTHS_PER_QUARTER)
    quarterlies = [day for day in last_fridays if day.month % _MONTHS_PER_QUARTER == 0]
    return tuple(sorted({*dailies, *weeklies, *last_fridays[:MONTHLIES], *quarterlies[:QUARTERLIES]}))


def _last_fridays(first: datetime, months: int) -> list[datetime]:
    """The last Fridays of `months` months, from that of `first` on, that are not before `first`."""
    found = []
    for offset in range(months):
        year, month = divmod(first.year * 12 + first.month - 1 + offset + 1, 12)
        last_day = datetime(year, month + 1, 1, EXPIRY_HOUR_UTC, tzinfo=UTC) - DAY
        last_friday = last_day - DAY * ((last_day.weekday() - _FRIDAY) % 7)
        if last_friday >= first:
            found.append(last_friday)
    return found
