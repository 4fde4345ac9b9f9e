"""Confidence intervals of a ratio of sums by the bootstrap over whole weeks, bias-corrected and accelerated.

Trades of one week share its market, so weeks are drawn and not trades; a mean per trade is then a ratio of
two sums over weeks, since each week holds its own number of trades. BCa: B. Efron, "Better Bootstrap
Confidence Intervals", JASA 82 (1987); B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", ch. 14.
"""

from __future__ import annotations

import hashlib
import math
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from statistics import NormalDist
from typing import NamedTuple
from weakref import WeakValueDictionary

from core.errors import InputError
from core.statistics.quantiles import quantile

LEVEL = 0.95
RESAMPLES = 2000
SEED = 1
_NORMAL = NormalDist()


class Week(NamedTuple):
    """One week's share of a mean: the sum of what is averaged, and how many trades it is of."""

    total: float
    trades: int


class Interval(NamedTuple):
    low: float
    high: float


class Resamples:
    """Weeks drawn with replacement: `RESAMPLES` times as many of `weeks` weeks as there are.

    The draws come from SHAKE-256 of `SEED`, so they are the same on every machine and in every Python.
    """

    def __init__(self, weeks: int) -> None:
        if weeks < 1:
            raise InputError(f"weeks: expected at least 1, found {weeks}")
        drawn = hashlib.shake_256(f"{SEED}:{weeks}".encode()).digest(4 * RESAMPLES * weeks)
        self.weeks = weeks
        # Of one index `itemgetter` makes no tuple, but one week has no interval either.
        self._draws = [
            itemgetter(*indices) for indices in struct.iter_unpack(f"<{weeks}I", _indices(drawn, weeks))
        ]
        self._counted: dict[tuple[int, ...], list[int]] = {}
        self._found: dict[tuple[Week, ...], Interval | None] = {}

    def interval(self, weeks: Sequence[Week]) -> Interval | None:
        """The interval of the weeks' ratio of sums at `LEVEL`; None if fewer than two weeks have trades.

        A draw without a trade has no mean and is left out (13 % of the draws at most: two weeks of many). The
        same weeks come again where all trades are of one kind.
        """
        if len(weeks) != self.weeks:
            raise InputError(f"weeks: expected {self.weeks}, found {len(weeks)}")
        same = tuple(weeks)
        if same not in self._found:
            self._found[same] = self._interval(same)
        return self._found[same]

    def _interval(self, weeks: tuple[Week, ...]) -> Interval | None:
        if sum(week.trades > 0 for week in weeks) < 2:
            return None
        totals = [week.total for week in weeks]
        counts = tuple(week.trades for week in weeks)
        drawn = zip(self._draws, self._trades_drawn(counts), strict=True)
        means = sorted(sum(draw(totals)) / trades for draw, trades in drawn if trades > 0)
        mean = ratio(weeks)
        bias = _bias(means, mean)
        acceleration = _acceleration(weeks)
        tail = (1.0 - LEVEL) / 2.0
        low, high = (_adjusted(share, bias, acceleration) for share in (tail, 1.0 - tail))
        return Interval(quantile(means, low), quantile(means, high))

    def _trades_drawn(self, counts: tuple[int, ...]) -> list[int]:
        """How many trades each draw holds. The means of a report are mostly of the same trades."""
        known = self._counted.get(counts)
        if known is None:
            each = counts[0]
            alike = all(count == each for count in counts)
            drawn = [each * self.weeks] * RESAMPLES if alike else [sum(draw(counts)) for draw in self._draws]
            known = self._counted[counts] = drawn
        return known


def _indices(drawn: bytes, weeks: int) -> bytes:
    """Of each 32 bits the week that they draw: the high half of their product with the number of weeks, which
    maps them evenly but for 2^-32 of each.

    All at once, every second one in a lane of 64 bits of one large number: one by one takes twice as long.
    """
    low = int.from_bytes(b"\xff\xff\xff\xff\0\0\0\0" * math.ceil(len(drawn) / 8), "little")
    both = int.from_bytes(drawn, "little")
    first, second = both & low, both >> 32 & low
    of_first, of_second = first * weeks >> 32 & low, second * weeks >> 32 & low
    return (of_first | of_second << 32).to_bytes(len(drawn), "little")


_SHARED: WeakValueDictionary[int, Resamples] = WeakValueDictionary()


def resamples(weeks: int) -> Resamples:
    """The draws for so many weeks; means that are alive at once share them, and nothing keeps them after."""
    made = _SHARED.get(weeks)
    if made is None:
        made = _SHARED[weeks] = Resamples(weeks)
    return made


class DrawnLater:
    """An interval that is drawn when it is first asked for: most of a report's means are shown without one.

    Until then it holds what it is drawn of. Copied to another process it is drawn before, as that one may be
    meant to do little and hold little.
    """

    __slots__ = ("_found", "_weeks")

    def __init__(self, weeks: Sequence[Week], draws: Draws) -> None:
        self._weeks: tuple[Sequence[Week], Draws] | None = weeks, draws
        self._found: Interval | None = None

    @property
    def found(self) -> Interval | None:
        """The interval; None if there is none (`Resamples.interval`)."""
        if self._weeks is not None:
            weeks, draws = self._weeks
            self._found, self._weeks = draws.interval(weeks), None
        return self._found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DrawnLater) and self.found == other.found

    def __reduce__(self) -> tuple[Callable[[Interval | None], DrawnLater], tuple[Interval | None]]:
        return _already_drawn, (self.found,)


def _already_drawn(found: Interval | None) -> DrawnLater:
    made = DrawnLater.__new__(DrawnLater)
    made._found, made._weeks = found, None
    return made


class Draws:
    """The draws for so many weeks, made when the first interval is asked for."""

    def __init__(self, weeks: int) -> None:
        self._weeks = weeks
        self._made: Resamples | None = None

    def interval(self, weeks: Sequence[Week]) -> Interval | None:
        """As `Resamples.interval`."""
        if self._made is None:
            self._made = resamples(self._weeks)
        return self._made.interval(weeks)


def ratio(weeks: Iterable[Week]) -> float:
    """The mean: the sum of the totals over the number of trades. Raises `InputError` if there are none."""
    listed = tuple(weeks)
    count = math.fsum(week.trades for week in listed)
    if count <= 0:
        raise InputError("weeks: expected at least one trade, found none")
    return math.fsum(week.total for week in listed) / count


def _bias(means: Sequence[float], mean: float) -> float:
    """z0: where the mean stands among the sorted resampled ones, as a normal quantile. A tie counts as half.

    Rounding makes ties of a sum in another order differ in the last digits. If all lie on one side the
    share is taken as half a resample away from the end, because z0 would be infinite.
    """

    def above(found: float) -> float:
        return found - mean

    tolerance = 1e-12 * max(abs(means[0]), abs(means[-1]), abs(mean))
    below = bisect_left(means, mean - tolerance)
    ties = bisect_right(means, tolerance, key=above) - bisect_left(means, -tolerance, key=above)
    share = (below + 0.5 * ties) / len(means)
    margin = 0.5 / len(means)
    return _NORMAL.inv_cdf(min(max(share, margin), 1.0 - margin))


def _acceleration(weeks: Sequence[Week]) -> float:
    """a: the skewness of the mean, from the means with one week left out; 0 if they are all the same.

    It lies within 1/6, since the skewness of n values is at most (n - 2)/√(n - 1).
    """
    total = math.fsum(week.total for week in weeks)
    trades = sum(week.trades for week in weeks)
    left = [(total - week.total) / (trades - week.trades) for week in weeks]
    middle = math.fsum(left) / len(left)
    spread = max(abs(middle - mean) for mean in left)
    # A spread of nothing but rounding has no skewness. In units of the spread no square underflows.
    if spread <= 1e-12 * abs(middle):
        return 0.0
    away = [(middle - mean) / spread for mean in left]
    return math.fsum(each**3 for each in away) / (6.0 * math.pow(math.fsum(each**2 for each in away), 1.5))


def _adjusted(share: float, bias: float, acceleration: float) -> float:
    """The share of the resampled means at which the interval ends, instead of `share` itself.

    The divisor is positive: `acceleration` is at most 1/6, and `_bias` keeps `shifted` below 5.5.
    """
    shifted = bias + _NORMAL.inv_cdf(share)
    return _NORMAL.cdf(bias + shifted / (1.0 - acceleration * shifted))
