"""The index on the hour, unbroken: from our own record, the venue's chart, and the perpetual for older hours.

The venue serves no candles of its index. Its chart of a month has about one point an hour and may be short
of the hours that the engine needs. Older hours are the perpetual's closes times index / perpetual at the
oldest hour that both have. A hole is named, never filled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from core.contract import Candle
from gateway.live.errors import AnomalyError, StaleError

HOUR: Final = timedelta(hours=1)
CHART_OFF_MAX: Final = timedelta(seconds=90)
"""A point of the chart stands for the hour that it is so near to."""
SEAM_MIN: Final = Decimal("0.99")
SEAM_MAX: Final = Decimal("1.01")
"""Index over perpetual; outside, one of the two is not what it says it is."""
CENT: Final = Decimal("0.01")


def chart_hours(points: Iterable[tuple[datetime, Decimal]]) -> dict[datetime, Decimal]:
    """The points that stand for a full hour; of several the nearest."""
    nearest: dict[datetime, tuple[timedelta, Decimal]] = {}
    for at, price in points:
        hour = _nearest_hour(at)
        off = abs(at - hour)
        if off <= CHART_OFF_MAX and (hour not in nearest or off < nearest[hour][0]):
            nearest[hour] = (off, price)
    return {hour: price for hour, (_, price) in nearest.items()}


def spliced(
    recorded: Mapping[datetime, Decimal],
    chart: Mapping[datetime, Decimal],
    perpetual: Mapping[datetime, Decimal],
) -> dict[datetime, Decimal]:
    """The index at every hour that is known. `perpetual` is its closes, by the hour at which a bar ends.

    It stands in before the chart alone, so that an hour that was recorded long ago leaves no hole behind it.
    Raises `AnomalyError` if index and perpetual are too far apart where they meet.
    """
    index = {**chart, **recorded}
    both = sorted((chart or index).keys() & perpetual.keys())
    if not both:
        return index
    seam = both[0]
    ratio = index[seam] / perpetual[seam]
    if not SEAM_MIN <= ratio <= SEAM_MAX:
        raise AnomalyError(
            f"index at {seam:%Y-%m-%d %H:%M}: expected within 1 % of the perpetual, found {ratio:.4f} of it"
        )
    older = {hour: (close * ratio).quantize(CENT) for hour, close in perpetual.items() if hour < seam}
    return {**older, **index}


def candles(hours: Mapping[datetime, Decimal], start: datetime, end: datetime) -> tuple[Candle, ...]:
    """The bars that begin in [start, end), both on the hour. A bar goes from one hour's index to the next.

    High and low are the greater and the smaller of the two, and the volume is 0: an index has none. Raises
    `StaleError` naming the first hour that is not known.
    """
    bars = []
    begin = start
    while begin < end:
        for hour in (begin, begin + HOUR):
            if hour not in hours:
                raise StaleError(f"ETH-INDEX: the index at {hour:%Y-%m-%dT%H:%MZ} is not known")
        opened, closed = hours[begin], hours[begin + HOUR]
        bars.append(
            Candle(
                timestamp=begin,
                open=opened,
                high=max(opened, closed),
                low=min(opened, closed),
                close=closed,
                volume=0.0,
            )
        )
        begin += HOUR
    return tuple(bars)


def floor_hour(at: datetime) -> datetime:
    """The full hour at or before."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _nearest_hour(at: datetime) -> datetime:
    return floor_hour(at + HOUR / 2)
