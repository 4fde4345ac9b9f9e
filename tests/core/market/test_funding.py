"""The mean funding of a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.market.funding import FUNDING_HOURS_MIN, REFERENCE, HourlyRate, mean_fundings
from core.market.observations import MeanFunding

NOW = datetime.fromisoformat("2026-01-05T14:00:00+00:00")
HOUR = timedelta(hours=1)
TOLD = [MeanFunding(venue=name, annualised_frac=0.05, as_of=NOW) for name in ("okx", REFERENCE)]


def rates(hours: int, rate: float = 1e-5) -> list[HourlyRate]:
    """The last hours up to now, newest last."""
    return [HourlyRate(NOW - HOUR * ago, rate) for ago in reversed(range(hours))]


def test_the_mean_of_the_reference_is_that_of_its_own_rates() -> None:
    okx, own = mean_fundings(rates(24), TOLD, NOW)
    assert okx.venue == "okx"
    assert own.venue == REFERENCE
    assert own.annualised_frac == pytest.approx(0.0876)
    assert own.as_of == NOW


def test_with_too_few_rates_of_its_own_it_is_taken_as_it_is_told() -> None:
    assert mean_fundings(rates(FUNDING_HOURS_MIN - 1), TOLD, NOW) == tuple(TOLD)
    assert mean_fundings(rates(FUNDING_HOURS_MIN), TOLD, NOW) != tuple(TOLD)


def test_the_rate_of_just_a_day_ago_and_one_after_now_do_not_count() -> None:
    beyond = [HourlyRate(NOW - 24 * HOUR, 1.0), *rates(24), HourlyRate(NOW + HOUR, 1.0)]
    assert mean_fundings(beyond, (), NOW) == mean_fundings(rates(24), (), NOW)


def test_of_several_rates_of_one_hour_the_last_counts() -> None:
    twice = [*rates(24), HourlyRate(NOW + timedelta(seconds=-1), 3e-5)]
    assert mean_fundings(twice, (), NOW)[0].annualised_frac == pytest.approx((23e-5 + 3e-5) / 24 * 8760)
