"""The series beside exported chains: hourly bars without a gap, funding, and the events that stood."""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from core.market.countries import country_of
from core.messages.recorder import RecordSeries
from core.record.rows import SERIES_COLUMNS, plain
from gateway.paper.export_readings import RecordedDay
from gateway.paper.recorded_series import RATE_MAX_HOURLY
from gateway.paper.source import Bar, ScheduledRelease, VenueFunding

HOUR: Final = timedelta(hours=1)


class ToldSeries(NamedTuple):
    """All series as they were told: of two figures for one time, the later."""

    bars: dict[RecordSeries, dict[datetime, Bar]]
    funding: dict[datetime, float]
    told: dict[datetime, dict[str, VenueFunding]]
    """Each exchange's mean funding, by when it was told."""
    events: list[ScheduledRelease]


class Hourly(NamedTuple):
    """Bars without a gap. `made` of them come from the readings of their hour, `flat` from none."""

    bars: list[Bar]
    made: int
    flat: int


def told_series(days: Iterable[RecordedDay]) -> ToldSeries:
    """What the series files hold. What is not as an engine writes it is left out."""
    found = ToldSeries({RecordSeries.INDEX: {}, RecordSeries.DVOL: {}}, {}, {}, [])
    calendars: dict[datetime, set[ScheduledRelease]] = {}
    for row in sorted(_rows(days), key=lambda each: each["told_at"]):
        told_at, at = (datetime.fromisoformat(row[name]) for name in ("told_at", "timestamp"))
        match row["series"]:
            case RecordSeries.INDEX | RecordSeries.DVOL as series:
                bar = _bar(at, row)
                if bar is not None:
                    found.bars[RecordSeries(series)][at] = bar
            case RecordSeries.FUNDING:
                rate = float(row["close"])
                if abs(rate) <= RATE_MAX_HOURLY:
                    found.funding[at] = rate
            case RecordSeries.FUNDING_TOLD:
                exchange = VenueFunding(row["label"], float(row["close"]), at)
                found.told.setdefault(told_at, {})[exchange.name] = exchange
            case RecordSeries.EVENT:
                country = country_of(row["country"])
                if country is not None:
                    event = ScheduledRelease(row["label"], country, "high", at)
                    calendars.setdefault(told_at, set()).add(event)
            case _:
                continue
    found.events.extend(_stood(calendars))
    return found


def hourly_bars(
    told: Mapping[datetime, Bar], seen: Sequence[tuple[datetime, float]], bounds: tuple[float, float]
) -> Hourly:
    """From the first hour that is known to the one that follows the last thing seen, each hour one bar.

    An hour that was not told is made of what was `seen` in it, and is flat if nothing was.
    """
    low, high = bounds
    known = {start: bar for start, bar in told.items() if low <= bar.low and bar.high <= high}
    values: dict[datetime, list[float]] = {}
    for at, value in seen:
        values.setdefault(_floor(at), []).append(value)
    start = min((*known, *values))
    last = max((*known, *values))
    bars: list[Bar] = []
    made = flat = 0
    while start <= last:
        bar = known.get(start)
        if bar is None:
            before = bars[-1].close if bars else values[start][0]
            line = [before, *values.get(start, ())]
            bar = Bar(start, before, max(line), min(line), line[-1], 0.0)
            made, flat = made + (len(line) > 1), flat + (len(line) == 1)
        bars.append(bar)
        start += HOUR
    return Hourly(bars, made, flat)


def bar_text(bar: Bar) -> tuple[str, ...]:
    """Open, high, low and close in plain digits."""
    return tuple(plain(value) for value in bar[1:5])


def _stood(calendars: Mapping[datetime, set[ScheduledRelease]]) -> Iterator[ScheduledRelease]:
    """The events that were still told when they were due: of one that was moved, its last time alone."""
    told_at = sorted(calendars)
    for event in sorted(set().union(*calendars.values()), key=lambda one: (one.scheduled_at, one.name)):
        place = max(0, bisect_right(told_at, event.scheduled_at) - 1)
        if event in calendars[told_at[place]]:
            yield event


def _bar(at: datetime, row: Mapping[str, Any]) -> Bar | None:
    """None if it is no bar of an hour."""
    opened, high, low, close = (float(row[name]) for name in ("open", "high", "low", "close"))
    if at != _floor(at) or not low <= min(opened, close) <= max(opened, close) <= high:
        return None
    return Bar(at, opened, high, low, close, float(row["volume"] or 0.0))


def _rows(days: Iterable[RecordedDay]) -> Iterator[dict[str, str]]:
    for day in days:
        for _, member in day.members:
            for row in csv.reader(io.StringIO(member.content.decode())):
                if row and tuple(row) != SERIES_COLUMNS:
                    yield dict(zip(SERIES_COLUMNS, row, strict=True))


def _floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
