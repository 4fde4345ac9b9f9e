"""The mean funding of each exchange over a day: from the rates of one, and as it is told of the others."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from core.market.observations import MeanFunding

REFERENCE: Final = "hyperliquid"
"""The exchange whose own hourly rates are read."""
FUNDING_HOURS_MIN: Final = 15
"""Fewer are no mean of a day: 24, less the 9 by which the last may be old (`entry.funding_age_max_h`)."""
HOURS_PER_YEAR: Final = 8760
_HOUR = timedelta(hours=1)
_DAY = timedelta(hours=24)


class HourlyRate(NamedTuple):
    """The rate of the hour that ended at `at`, a fraction."""

    at: datetime
    rate: float


def mean_fundings(
    own: Iterable[HourlyRate], told: Iterable[MeanFunding], latest: datetime
) -> tuple[MeanFunding, ...]:
    """Each exchange's mean funding of the 24 h up to `latest`, annualised, as a fraction.

    The reference's is computed from its `own` rates, or taken as it is told if it has too few of them. The
    rate stamped exactly 24 h ago is left out: it was paid for the hour before, and would be the 25th.
    """
    rates = _one_an_hour(own, latest)
    has_own = len(rates) >= FUNDING_HOURS_MIN
    found = [mean for mean in told if mean.venue != REFERENCE or not has_own]
    if has_own:
        mean = math.fsum(each.rate for each in rates) / len(rates)
        found.append(
            MeanFunding(
                venue=REFERENCE,
                annualised_frac=mean * HOURS_PER_YEAR,
                as_of=max(each.at for each in rates),
            )
        )
    return tuple(found)


def _one_an_hour(rates: Iterable[HourlyRate], latest: datetime) -> list[HourlyRate]:
    """One rate for each hour of the day up to `latest`; of several that were told for one hour the last."""
    recent = (each for each in rates if latest - _DAY < each.at <= latest)
    return list({_nearest_hour(each.at): each for each in recent}.values())


def _nearest_hour(moment: datetime) -> datetime:
    return (moment + _HOUR / 2).replace(minute=0, second=0, microsecond=0)
