"""The last hourly close that had ended by a moment, and closes that can't be the index's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.market.incomplete import IncompleteError
from core.market.index_history import AGO_TOLERANCE, OFF_MAX, close_at, require_same_index
from core.market.observations import HourlyClose

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)
CLOSES = (
    HourlyClose(at=NOON - timedelta(hours=2), close_usd=3100.0),
    HourlyClose(at=NOON - timedelta(hours=1), close_usd=3200.0),
    HourlyClose(at=NOON, close_usd=3000.0),
)


@pytest.mark.parametrize(
    ("moment", "close_usd"),
    [
        (NOON, 3000.0),
        (NOON - A_MOMENT, 3200.0),
        (NOON - timedelta(hours=2), 3100.0),
        (NOON + AGO_TOLERANCE, 3000.0),
    ],
    ids=["as it ends", "just before it ends", "the first", "as old as it may be"],
)
def test_the_close_of_a_moment_is_of_the_last_hour_over_by_then(moment: datetime, close_usd: float) -> None:
    assert close_at(CLOSES, moment) == close_usd


def test_the_order_of_closes_does_not_matter() -> None:
    assert close_at(CLOSES[::-1], NOON) == 3000.0


@pytest.mark.parametrize(
    ("closes", "moment"),
    [((), NOON), (CLOSES, NOON - timedelta(hours=2) - A_MOMENT), (CLOSES, NOON + AGO_TOLERANCE + A_MOMENT)],
    ids=["none", "none had ended", "too old"],
)
def test_a_moment_without_a_close_shortly_before_is_named(
    closes: tuple[HourlyClose, ...], moment: datetime
) -> None:
    with pytest.raises(IncompleteError) as caught:
        close_at(closes, moment)
    assert caught.value.code == "deribit.get_historical:incomplete"
    assert str(caught.value).endswith(f"no hourly close by {moment.isoformat()}")


@pytest.mark.parametrize("index_usd", [3000.0, 3000.0 * (1 + OFF_MAX), 3000.0 * (1 - OFF_MAX)])
def test_an_index_near_its_last_close_is_the_same_market(index_usd: float) -> None:
    require_same_index(CLOSES, index_usd)


def test_without_closes_there_is_nothing_to_hold_against_each_other() -> None:
    require_same_index((), 3000.0)


@pytest.mark.parametrize("index_usd", [4210.0, 1790.0, 30.0, 300_000.0])
def test_an_index_far_off_its_last_close_is_named_with_both(index_usd: float) -> None:
    with pytest.raises(
        IncompleteError, match=rf"close is 3000\.00 USD, but the index {index_usd:.2f} USD: .* 40%"
    ):
        require_same_index(CLOSES, index_usd)
