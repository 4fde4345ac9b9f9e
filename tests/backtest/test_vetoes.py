"""The gate on the fast road: an entry that may not leave, and one that may not be edited."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.orders.books import CycleOutcome, CycleRow, Job
from core.strategy import Strategy
from gateway.paper.model_market import ModelMarket
from lab.backtest.road import CoreRoad

SEED = 1
"""Its first entry is of three contracts, and fills after four minutes of edits."""


def with_limit(name: str, limit: float) -> CoreRoad:
    """A gate whose limit is lower than that by which the size was chosen."""
    road = CoreRoad(ModelMarket(SEED), Strategy())
    limits = road.strategy.limits.model_copy(update={name: limit})
    road.trading.strategy = road.strategy.model_copy(update={"limits": limits})
    road.run(road.begin + timedelta(hours=16))
    return road


def entry_of(road: CoreRoad) -> CycleRow:
    (entry,) = [row for row in road.books.cycles if row.job is Job.ENTRY]
    return entry


@pytest.mark.parametrize(
    ("name", "limit", "reason"),
    [("contracts_max", 1, "too_many_contracts"), ("order_value_max_usd", 1000.0, "order_value")],
)
def test_an_entry_beyond_a_limit_never_leaves(name: str, limit: float, reason: str) -> None:
    road = with_limit(name, limit)
    entry = entry_of(road)
    assert (entry.outcome, entry.reasons) == (CycleOutcome.VETOED, (reason,))
    assert road.trading.vetoes == 1
    assert not road.venue.account.orders
    assert not road.books.positions
    assert not road.books.live


def test_an_entry_whose_edits_are_vetoed_rests_at_its_price_and_is_cancelled() -> None:
    road = with_limit("orders_per_hour", 1)
    entry = entry_of(road)
    (order,) = (each.order for each in road.venue.account.orders.values())
    assert entry.outcome is CycleOutcome.NOT_FILLED
    assert order.state == "cancelled"
    assert road.trading.vetoes > 1
    assert not road.books.live
