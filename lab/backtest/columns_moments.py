"""Days and moments as a file writes them, in seconds since 1970.

A text without a time of day is a day alone. A moment without a zone is UTC, and one with a zone is what it
says, midnight too. Programs that know no days write midnights instead: where every time of a column is a
midnight without a zone, they are days alone.
"""

from __future__ import annotations

from array import array
from datetime import UTC, date, datetime
from typing import Final

from gateway.paper.csv_rows import YEARS

DAY_S: Final = 86_400
_DAY_DIGITS: Final = 8
"""Of a day without dashes."""
MOMENT: Final = "a day such as 2026-01-05 or a time such as 2026-01-05T14:00:00Z"
SECONDS: Final = tuple(int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (YEARS[0] + 1, YEARS[1]))
"""From the first of them on, and before the second, a time is believed."""


def is_midnight(seconds: int) -> bool:
    return seconds % DAY_S == 0


class Moments(dict[str, int]):
    """Seconds since 1970 of the texts of one column; each is read once, and raises `ValueError` if it is
    neither a day nor a time. `day_s`: the second of the day at which days alone stand."""

    def __init__(self, day_s: int) -> None:
        super().__init__()
        self._day_s = day_s
        self._has_moment = self._has_bare_midnight = False

    def __missing__(self, text: str) -> int:
        self[text] = found = self._read(text)
        return found

    def settled(self, values: array[int]) -> array[int]:
        """What was read of the whole column, with midnights moved where they are days."""
        if not self._has_bare_midnight or self._has_moment:
            return values
        return array("q", [at + self._day_s if is_midnight(at) else at for at in values])

    def _read(self, text: str) -> int:
        if text.isdecimal() and len(text) != _DAY_DIGITS:
            # Python takes 1767607200 for a day of the year 1767.
            raise ValueError("a number doesn't say what it counts")
        try:
            day = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        except ValueError:
            pass
        else:
            return int(day.timestamp()) + self._day_s
        moment = datetime.fromisoformat(text)
        is_bare = moment.tzinfo is None
        # What is left of a second is dropped.
        seconds = int((moment.replace(tzinfo=UTC) if is_bare else moment).timestamp() // 1)
        if is_bare and is_midnight(seconds):
            self._has_bare_midnight = True
        else:
            self._has_moment = True
        return seconds
