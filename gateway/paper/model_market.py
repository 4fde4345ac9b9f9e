"""The model market as a source: `model_path` in minutes, `smile` on top, funding and the American calendar.

The path begins 60 days before 2026-01-05 00:00 UTC and is computed a day at a time, as far as it is needed.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import exp, sqrt
from random import Random
from typing import Final, Literal, NamedTuple

from core.errors import InputError
from core.pricing.black76 import SECONDS_PER_YEAR
from core.values import OptionType
from gateway.paper.calendar import DAY, listed_expiries, listed_since, next_expiry_moment
from gateway.paper.instruments import ListedOption, option
from gateway.paper.model_path import HOURS_PER_DAY, PLAIN_WALK, DayPath, DayState, PathWalk, first_state
from gateway.paper.quotes import PaperQuote
from gateway.paper.smile import ExpirySmile, expiry_smile, ladder, quote_of, stress_of
from gateway.paper.source import Bar, Hole, HourlyFunding, ScheduledRelease, VenueFunding
from gateway.paper.us_calendar import us_events

DAY_ZERO: Final = datetime(2026, 1, 5, tzinfo=UTC)
HISTORY: Final = timedelta(days=60)
PATH_START: Final = DAY_ZERO - HISTORY
FIRST_LISTING: Final = next_expiry_moment(PATH_START)
"""Strikes are listed at 08:00 UTC: on a path that begins at midnight not at its beginning."""
STEPS_PER_DAY: Final = 1440
HOUR: Final = timedelta(hours=1)
HOURS_PER_YEAR: Final = 8760.0
VOLUME_PER_HOUR_ETH: Final = 5000.0
"""The index has no volume; its bars carry this constant."""

FUNDING_MEAN, FUNDING_PER_R30 = 0.06, 0.17
FUNDING_AR, FUNDING_SD = 0.6, 0.07
R30: Final = timedelta(days=30)
DELIVERY_MINUTES: Final = 30
MODEL_DAYS_KEPT: Final = 6
_CHAINS_KEPT: Final = 64
_EPOCH_S: Final = PATH_START.timestamp()
_HOURS: Final = tuple(HOUR * hour for hour in range(HOURS_PER_DAY))


class _Moment:
    """What was made of the market at one moment: looks, orders and account ask for the same legs again."""

    __slots__ = ("at", "dvol_pct", "index_usd", "quotes", "smiles", "stress")

    def __init__(self, at: datetime, index_usd: float, dvol_pct: float) -> None:
        self.at = at
        self.index_usd = index_usd
        self.dvol_pct = dvol_pct
        self.stress: float | None = None
        """Not known until a spread is asked for."""
        self.smiles: dict[datetime, ExpirySmile] = {}
        self.quotes: dict[ListedOption, PaperQuote] = {}


class _Listing(NamedTuple):
    """What is listed from one 08:00 UTC, `since`, to the next. `options` are those that were asked for."""

    since: datetime
    until: datetime
    expiries: tuple[datetime, ...]
    options: set[ListedOption]


class ModelMarket:
    """A synthetic ETH market; the same seed gives the same market for ever."""

    name: Final[Literal["model"]] = "model"
    assumes: Final = ()

    def __init__(
        self,
        seed: int,
        steps_per_day: int = STEPS_PER_DAY,
        walk: PathWalk = PLAIN_WALK,
        days_kept: int = MODEL_DAYS_KEPT,
    ) -> None:
        """`steps_per_day` must be a multiple of 48, so that half hours lie on the path's own points.

        Of the path the last `days_kept` days are in memory; others are computed anew if they are asked for.
        """
        self._seed = seed
        self._days_kept = days_kept
        self._walk = walk
        self._steps = steps_per_day
        self._states: list[DayState] = [first_state(seed)]
        self._hourly: list[Bar] = []
        self._dvol_opens = array("d")
        self._dvol_bars: dict[int, list[Bar]] = {}
        """By the days of which one was asked for."""
        self._funding_noise = array("d")
        self._days: OrderedDict[int, DayPath] = OrderedDict()
        self._ladders: dict[datetime, tuple[datetime, tuple[int, ...]]] = {}
        self._chains: dict[tuple[datetime, datetime], Sequence[PaperQuote]] = {}
        self._last_moment: _Moment | None = None
        self._last_listing: _Listing | None = None

    @property
    def start(self) -> datetime:
        return DAY_ZERO

    @property
    def end(self) -> datetime | None:
        return None

    @property
    def holes(self) -> Sequence[Hole]:
        return ()

    def index_usd(self, at: datetime) -> float:
        known = self._last_moment
        if known is not None and known.at == at:
            return known.index_usd
        day, position = self._locate(at)
        return exp(_between(self._day(day).ln_s, position))

    def dvol_pct(self, at: datetime) -> float:
        known = self._last_moment
        if known is not None and known.at == at:
            return known.dvol_pct
        day, position = self._locate(at)
        return 100.0 * exp(_between(self._day(day).x, position))

    def delivery_price_usd(self, expiry: datetime) -> float:
        day, position = self._locate(expiry)
        last = round(position)
        first = last - DELIVERY_MINUTES * self._steps // STEPS_PER_DAY
        values = self._day(day).ln_s[first : last + 1]
        return sum(map(exp, values)) / len(values)

    def index_bars(self, start: datetime, end: datetime) -> list[Bar]:
        first, last = _hours_between(start, end)
        if last > first:
            self._grow((last - 1) // HOURS_PER_DAY)
        return self._hourly[first:last]

    def dvol_bars(self, start: datetime, end: datetime) -> list[Bar]:
        first, last = _hours_between(start, end)
        days = range(first // HOURS_PER_DAY, -(-last // HOURS_PER_DAY))
        bars = [bar for day in days for bar in self._dvol_bars_of(day)]
        before = days.start * HOURS_PER_DAY
        return bars[first - before : last - before]

    def _dvol_bars_of(self, day: int) -> list[Bar]:
        known = self._dvol_bars.get(day)
        if known is None:
            path = self._day(day).x
            known = self._dvol_bars[day] = _hourly_bars(
                _starts(day), path, self._walk.bounds(path), 100.0, 0.0
            )
        return known

    def funding_history(self, start: datetime, end: datetime) -> list[HourlyFunding]:
        hour = max(_ceil_hour(start), PATH_START + R30)
        points = []
        while hour <= end:
            points.append(HourlyFunding(hour, self._funding_annual(hour) / HOURS_PER_YEAR))
            hour += HOUR
        return points

    def exchange_funding(self, at: datetime) -> list[VenueFunding]:
        points = self.funding_history(at - DAY + timedelta(seconds=1), at)
        mean = sum(p.hourly_rate for p in points) / len(points) * HOURS_PER_YEAR
        return [VenueFunding("model", mean, points[-1].at)]

    def events(self, start: datetime, end: datetime) -> list[ScheduledRelease]:
        return us_events(start, end)

    def expiries(self, at: datetime) -> Sequence[datetime]:
        return self._listing(at).expiries

    def instruments(self, at: datetime, expiry: datetime) -> Sequence[ListedOption]:
        if expiry not in self._listing(at).expiries:
            return ()
        return [
            option(expiry, strike, option_type)
            for strike in self.strikes(at, expiry)
            for option_type in (OptionType.CALL, OptionType.PUT)
        ]

    def chain(self, at: datetime, expiry: datetime) -> Sequence[PaperQuote]:
        known = self._chains.get((at, expiry))
        if known is not None:
            return known
        if expiry not in self._listing(at).expiries:
            return ()
        smile, stress = self.smile(at, expiry), self.stress(at)
        quotes = []
        for strike in self.strikes(at, expiry):
            level = smile.at_strike(strike)
            quotes.append(quote_of(smile, stress, option(expiry, strike, OptionType.CALL), level))
            quotes.append(quote_of(smile, stress, option(expiry, strike, OptionType.PUT), level))
        if len(self._chains) >= _CHAINS_KEPT:
            self._chains.clear()
        self._chains[at, expiry] = quotes
        return quotes

    def quote(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        moment = self._moment(at)
        known = moment.quotes.get(instrument)
        if known is not None:
            return known
        if not self._lists(at, instrument):
            return None
        smile = self.smile(at, instrument.expiration)
        found = quote_of(smile, self.stress(at), instrument, smile.at_strike(instrument.strike_usd))
        moment.quotes[instrument] = found
        return found

    def valued(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        return self.quote(at, instrument)

    def mark_eth(self, at: datetime, instrument: ListedOption) -> float | None:
        if not self._lists(at, instrument):
            return None
        return self.smile(at, instrument.expiration).mark_eth(instrument)

    def _lists(self, at: datetime, instrument: ListedOption) -> bool:
        listing, expiry = self._listing(at), instrument.expiration
        if instrument in listing.options:
            return True
        if expiry not in listing.expiries or instrument.strike_usd not in self.strikes(at, expiry):
            return False
        listing.options.add(instrument)
        return True

    def _listing(self, at: datetime) -> _Listing:
        known = self._last_listing
        if known is None or not known.since <= at < known.until:
            until = next_expiry_moment(at)
            known = self._last_listing = _Listing(until - DAY, until, listed_expiries(at), set())
        return known

    def _moment(self, at: datetime) -> _Moment:
        known = self._last_moment
        if known is None or (known.at is not at and known.at != at):
            day, position = self._locate(at)
            path = self._day(day)
            index_usd, dvol_pct = (
                exp(_between(path.ln_s, position)),
                100.0 * exp(_between(path.x, position)),
            )
            known = self._last_moment = _Moment(at, index_usd, dvol_pct)
        return known

    def smile(self, at: datetime, expiry: datetime) -> ExpirySmile:
        """What the quotes of an expiry are made of."""
        moment = self._moment(at)
        smile = moment.smiles.get(expiry)
        if smile is None:
            t_years = (expiry - at).total_seconds() / SECONDS_PER_YEAR
            smile = moment.smiles[expiry] = expiry_smile(moment.index_usd, moment.dvol_pct, t_years)
        return smile

    def stress(self, at: datetime) -> float:
        """How many times wider than in calm half spreads are."""
        moment = self._moment(at)
        stress = moment.stress
        if stress is None:
            move_4h = moment.index_usd / self.index_usd(max(at - 4 * HOUR, PATH_START)) - 1.0
            stress = moment.stress = stress_of(moment.dvol_pct, move_4h)
        return stress

    def strikes(self, at: datetime, expiry: datetime) -> tuple[int, ...]:
        """The ladder of the listing day and of every 08:00 UTC since: strikes are added, never withdrawn."""
        last = self._listing(at).since
        known = self._ladders.get(expiry)
        if known is not None and known[0] == last:
            return known[1]
        if known is not None and known[0] < last:
            strikes, moment = set(known[1]), known[0] + DAY
        else:
            strikes, moment = set(), listed_since(expiry, FIRST_LISTING)
        while True:
            t_years = (expiry - moment).total_seconds() / SECONDS_PER_YEAR
            hour = self._hour_bar(moment)
            strikes.update(ladder(self._hourly[hour].open, self._dvol_opens[hour], t_years))
            if moment >= last:
                break
            moment = min(moment + DAY, last)
        listed = tuple(sorted(strikes))
        self._ladders[expiry] = (last, listed)
        return listed

    def _hour_bar(self, at: datetime) -> int:
        hour = int(_since_start_s(at) // 3600)
        self._grow(hour // 24)
        return hour

    def _funding_annual(self, hour: datetime) -> float:
        now, before = self._hour_bar(hour), self._hour_bar(hour - R30)
        r30 = self._hourly[now].open / self._hourly[before].open - 1.0
        return FUNDING_MEAN + FUNDING_PER_R30 * r30 + self._funding_noise[now // 24]

    def _locate(self, at: datetime) -> tuple[int, float]:
        """The number of the day, and the steps of it that have passed, fractional."""
        day, second = divmod(_since_start_s(at), 86_400.0)
        return int(day), second / 86_400.0 * self._steps

    def _day(self, day: int) -> DayPath:
        known = self._days.get(day)
        if known is not None:
            return known
        self._grow(day)
        known = self._days.get(day)
        if known is None:
            known, _ = self._walk.day(self._seed, day, self._states[day], self._steps)
            self._keep(day, known)
        return known

    def _keep(self, day: int, path: DayPath) -> None:
        self._days[day] = path
        while len(self._days) > self._days_kept:
            self._days.popitem(last=False)

    def _grow(self, last_day: int) -> None:
        """Extend the path through `last_day`; each day's first state and hourly bars are kept for good."""
        while len(self._states) <= last_day + 1:
            day = len(self._states) - 1
            path, next_y = self._walk.day(self._seed, day, self._states[day], self._steps)
            self._states.append(path.end_state(next_y))
            bounds = self._walk.bounds(path.ln_s)
            self._hourly += _hourly_bars(_starts(day), path.ln_s, bounds, 1.0, VOLUME_PER_HOUR_ETH)
            self._dvol_opens.extend(_on_the_hour(path.x, 100.0)[:-1])
            self._funding_noise.append(self._next_funding_noise(day))
            self._keep(day, path)

    def _next_funding_noise(self, day: int) -> float:
        draw = Random(f"{self._seed}:funding:{day}").gauss(0.0, FUNDING_SD)
        if day == 0:
            return draw
        return FUNDING_AR * self._funding_noise[-1] + sqrt(1.0 - FUNDING_AR**2) * draw


def _hours_between(start: datetime, end: datetime) -> tuple[int, int]:
    """The numbers of the hours in which they lie, counted from the path's first; never one before another."""
    first = max(0, int((start.timestamp() - _EPOCH_S) // 3600))
    return first, max(first, int((end.timestamp() - _EPOCH_S) // 3600))


def _starts(day: int) -> list[datetime]:
    midnight = PATH_START + DAY * day
    return [midnight + hours for hours in _HOURS]


def _since_start_s(at: datetime) -> float:
    seconds = at.timestamp() - _EPOCH_S
    if seconds < 0.0:
        raise InputError(f"time: the model market begins at {PATH_START.isoformat()}, found {at.isoformat()}")
    return seconds


def _between(values: array[float], position: float) -> float:
    step = int(position)
    low = values[step]
    return low + (values[step + 1] - low) * (position - step)


def _ceil_hour(at: datetime) -> datetime:
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hour if hour == at else hour + HOUR


def _on_the_hour(logs: array[float], scale: float) -> list[float]:
    return [scale * exp(value) for value in logs[:: (len(logs) - 1) // HOURS_PER_DAY]]


def _hourly_bars(
    starts: list[datetime],
    logs: array[float],
    bounds: list[tuple[float, float]],
    scale: float,
    volume: float,
) -> list[Bar]:
    on_the_hour = _on_the_hour(logs, scale)
    return [
        Bar(start, first, scale * exp(high), scale * exp(low), last, volume)
        for start, first, last, (low, high) in zip(
            starts, on_the_hour[:-1], on_the_hour[1:], bounds, strict=True
        )
    ]
