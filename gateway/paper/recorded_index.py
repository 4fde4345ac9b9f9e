"""The index I(t) of a record: the last that was known by then, of the hourly closes and the snapshots' own.

Between two knots nobody knows yet where the second one will be, so the first one stands: a line from one to
the other would tell a decision at 14:30 where the market is at 15:00. A delivery is counted after its half
hour is over, and takes the line (`mean`).

A snapshot's forwards were read at its own index. Divided by an index that is only interpolated between hourly
closes, they carry the market's move within the hour as if it were basis: measured on the recorded chains, the
basis 11 days out then scatters by 0.28 % instead of 0.09 % (`run.py data check` shows both).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.errors import InputError
from gateway.paper.recorded_files import FORWARD_OVER_INDEX, RecordedSnapshot
from gateway.paper.recorded_series import HourlySeries

BEYOND_BAR_MAX: Final = 0.05
"""How far a snapshot's index may lie beyond the bar of its hour; recorded: at most 0.24 %."""


class IndexPath:
    """I(t), from the first hourly close to the last."""

    def __init__(self, hourly: HourlySeries, snapshots: Sequence[RecordedSnapshot]) -> None:
        """Raises `InputError` if a snapshot and the hourly bars can't be of the same market."""
        knots = dict(hourly.closes())
        for snapshot in snapshots:
            if hourly.first_close <= snapshot.at <= hourly.last_close:
                _require_same_market(hourly, snapshot)
                if snapshot.index_usd is not None:
                    knots[snapshot.at] = snapshot.index_usd
        self._times = sorted(knots)
        self._values = [knots[at] for at in self._times]

    def at(self, moment: datetime) -> float:
        """I(t) as it is known at `moment`, USD: the last knot. Raises `InputError` outside the record."""
        return self._values[self._last(moment)]

    def between(self, moment: datetime) -> float:
        """I(t) by what became known later, too: linear between two knots. No decision may read it."""
        place, times, values = self._last(moment), self._times, self._values
        before = values[place]
        if times[place] == moment:
            return before
        part = (moment - times[place]) / (times[place + 1] - times[place])
        return before + (values[place + 1] - before) * part

    def mean(self, start: datetime, end: datetime) -> float:
        """The mean of I over [start, end], start < end, by trapezia; known only after `end`."""
        inside = self._times[bisect_right(self._times, start) : bisect_left(self._times, end)]
        moments = [start, *inside, end]
        levels = [self.between(moment) for moment in moments]
        area = sum(
            0.5 * (levels[i] + levels[i + 1]) * (moments[i + 1] - moments[i]).total_seconds()
            for i in range(len(moments) - 1)
        )
        return area / (end - start).total_seconds()

    def _last(self, moment: datetime) -> int:
        """The place of the last knot by `moment`."""
        times = self._times
        place = bisect_right(times, moment) - 1
        if place < 0 or moment > times[-1]:
            raise InputError(
                f"time: the record holds {times[0].isoformat()} to {times[-1].isoformat()}, "
                f"found {moment.isoformat()}"
            )
        return place


def _require_same_market(hourly: HourlySeries, snapshot: RecordedSnapshot) -> None:
    """Raise if the chain file and the index file are of different coins or in different units."""
    bar = hourly.bar_over(snapshot.at)
    own = snapshot.index_usd
    if own is not None:
        low, high = bar.low * (1.0 - BEYOND_BAR_MAX), bar.high * (1.0 + BEYOND_BAR_MAX)
        found, what = own, "index_price"
    else:
        forwards = [forward for part in snapshot.slices.values() for forward in part.forwards_usd]
        if not forwards:
            return
        low, high = (bar.close * multiple for multiple in FORWARD_OVER_INDEX)
        found, what = sorted(forwards)[len(forwards) // 2], "underlying"
    if not low <= found <= high:
        raise InputError(
            f"{snapshot.place}: {what}: expected {low:,.2f} to {high:,.2f} USD, because the index file has "
            f"{bar.low:,.2f} to {bar.high:,.2f} in the hour from {bar.start.isoformat()}, "
            f"found {found:,.2f}; "
            "one of the two files is of another coin, in another unit or has other times"
        )
