"""The expiries that an entry asks for: at least one that is listed, so that an empty answer is no answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from actors.market_data.parts import entry_chain
from core.contract import GetOptionsChain
from core.strategy import Strategy, StrikesSection
from gateway.paper.calendar import listed_expiries

BEGIN = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)


def window(now: datetime, dte_min: float, dte_max: float) -> tuple[datetime, datetime]:
    strikes = StrikesSection(dte_min=dte_min, dte_max=dte_max, dte_target=dte_min)
    request = entry_chain(now, Strategy(strikes=strikes), ()).request
    assert isinstance(request, GetOptionsChain)
    assert request.expiry_from is not None
    assert request.expiry_to is not None
    return request.expiry_from, request.expiry_to


@pytest.mark.parametrize("dtes", [(9, 15), (4.5, 5), (13.5, 14), (14.5, 20), (25, 30), (54, 55), (80, 81)])
def test_at_all_times_of_a_year_something_is_listed_in_what_is_asked_for(dtes: tuple[float, float]) -> None:
    """Weekly expiries are 7 days apart, so that none may be 9 to 15 days away."""
    empty = []
    for hour in range(0, 365 * 24, 5):
        now = BEGIN + timedelta(hours=hour)
        first, last = window(now, *dtes)
        if not any(first <= expiry <= last for expiry in listed_expiries(now)):
            empty.append(now)
    assert empty == []


def test_a_range_that_is_wide_enough_is_asked_for_as_it_is() -> None:
    now = BEGIN
    assert window(now, 7, 14) == (now + timedelta(days=7), now + timedelta(days=14))
    assert window(now, 5, 25) == (now + timedelta(days=5), now + timedelta(days=25))


def test_the_range_of_the_rule_is_always_in_what_is_asked_for() -> None:
    for dte_min, dte_max in ((9, 15), (20, 22), (50, 120)):
        first, last = window(BEGIN, dte_min, dte_max)
        assert first <= BEGIN + timedelta(days=dte_min)
        assert last >= BEGIN + timedelta(days=dte_max)
