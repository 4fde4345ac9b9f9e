"""Closes that are made all at once are those that are made one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from core.market.observations import HourlyClose, hourly_closes

START = datetime(2026, 1, 5, tzinfo=UTC)
CLOSES = [(START + timedelta(hours=hours), 3000.0 + hours) for hours in range(3)]


def test_closes_made_at_once_are_those_made_one_by_one() -> None:
    assert hourly_closes(CLOSES) == tuple(HourlyClose(at=at, close_usd=usd) for at, usd in CLOSES)


@pytest.mark.parametrize("close_usd", [0.0, -1.0, float("nan"), float("inf")])
def test_one_that_is_no_price_is_refused_among_others(close_usd: float) -> None:
    with pytest.raises(ValidationError, match="close_usd"):
        hourly_closes([*CLOSES, (START, close_usd)])
