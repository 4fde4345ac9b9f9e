"""Orders on the fast road: what does not fill, what fills in part, what is cut, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import PositionState
from core.strategy import Strategy
from gateway.paper import orders as desk
from gateway.paper.account import VenueOrder
from gateway.paper.instruments import ListedOption
from gateway.paper.model_market import ModelMarket
from gateway.paper.quotes import PaperQuote
from gateway.paper.source import Hole
from lab.backtest.road import CoreRoad

SEED = 1
"""It trades on its first Monday, three contracts."""
DAY = timedelta(days=1)


class Changed(ModelMarket):
    """The model market with a touch of its own, a hole, or no bid for a while."""

    def __init__(self, seed: int, *, touch: float | None = None, hole: Hole | None = None) -> None:
        super().__init__(seed)
        self.touch = touch
        self.hole = hole

    @property
    def holes(self) -> tuple[Hole, ...]:
        return () if self.hole is None else (self.hole,)

    def quote(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        found = super().quote(at, instrument)
        if found is None or self.touch is None:
            return found
        return found._replace(bid_size=self.touch, ask_size=self.touch)


@pytest.fixture(scope="module")
def usual() -> CoreRoad:
    road = CoreRoad(ModelMarket(SEED), Strategy())
    road.run(road.begin + 9 * DAY)
    return road


def outcomes(road: CoreRoad, job: Job) -> list[CycleOutcome | None]:
    return [row.outcome for row in road.books.cycles if row.job is job]


def test_a_trade_is_entered_held_and_closed_and_all_cash_is_its_own(usual: CoreRoad) -> None:
    (position,) = usual.books.positions.values()
    assert position.state is PositionState.CLOSED
    assert position.contracts_opened == 3
    assert position.pnl_eth == usual.venue.account.balance_eth - 10
    assert usual.books.results[0].pnl_usd == position.pnl_usd
    assert CycleOutcome.ENTERED in outcomes(usual, Job.ENTRY)
    assert CycleOutcome.EXITED in outcomes(usual, Job.MONITOR)


def test_the_same_run_is_the_same_again(usual: CoreRoad) -> None:
    again = CoreRoad(ModelMarket(SEED), Strategy())
    again.run(again.begin + 9 * DAY)
    assert again.books.cycles == usual.books.cycles
    assert again.venue.account.trades == usual.venue.account.trades


def test_what_a_thin_market_does_not_take_at_once_is_taken_minute_by_minute() -> None:
    road = CoreRoad(Changed(SEED, touch=1.0), Strategy())
    road.run(road.begin + 9 * DAY)
    (position,) = road.books.positions.values()
    entries = [trade for trade in road.venue.account.trades.values() if ":e" in trade.label]
    assert len(entries) == 2 * position.contracts_opened
    assert len({trade.timestamp for trade in entries}) == position.contracts_opened
    assert position.state is PositionState.CLOSED
    assert position.pnl_eth == road.venue.account.balance_eth - 10


def test_an_exit_larger_than_an_order_may_be_goes_in_parts() -> None:
    """The limit is lowered after the entry, as a person may do between two starts."""
    road = CoreRoad(ModelMarket(SEED), Strategy())
    road.run(road.begin + timedelta(hours=20))
    limits = road.strategy.limits.model_copy(update={"contracts_max": 1})
    road.trading.strategy = road.strategy.model_copy(update={"limits": limits})
    road.run(road.begin + 9 * DAY)
    exits = [order.order for order in road.venue.account.orders.values() if ":x" in order.order.label]
    assert [order.amount for order in exits] == [Decimal(1)] * 3
    assert {order.state for order in exits} == {"filled"}
    (position,) = road.books.positions.values()
    assert position.state is PositionState.CLOSED


def test_a_silent_order_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exit that takes edits and never fills: another one takes its place."""
    place, silent = desk.place, list[str]()

    def placed(venue: object, request: object, played_reject: bool = False) -> VenueOrder:
        order = place(venue, request, played_reject)  # type: ignore[arg-type]
        if ":x" in order.order.label and not silent:
            silent.append(order.order.order_id)
            order = order.model_copy(update={"is_silent": True})
            venue.account.put_order(order)  # type: ignore[attr-defined]
        return order

    monkeypatch.setattr(desk, "place", placed)
    road = CoreRoad(ModelMarket(SEED), Strategy())
    road.run(road.begin + 9 * DAY)
    exits = [order.order for order in road.venue.account.orders.values() if ":x" in order.order.label]
    assert [order.state for order in exits] == ["cancelled", "filled"]
    # It outlived the monitor that began it, and that one's cycle says so.
    assert CycleOutcome.EXIT_WORKING in outcomes(road, Job.MONITOR)


def retries(road: CoreRoad) -> Iterator[timedelta]:
    """The time between two exit orders."""
    orders = (order.order for order in road.venue.account.orders.values())
    sent = [order.created_at for order in orders if ":x" in order.label]
    return (later - earlier for earlier, later in pairwise(sent))


def test_an_exit_that_the_venue_refuses_is_tried_again_at_twice_the_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, refused = desk.place, list[str]()

    def placed(venue: object, request: object, played_reject: bool = False) -> VenueOrder:
        refuses = ":x" in request.label and len(refused) < 5  # type: ignore[attr-defined]
        if refuses:
            refused.append(request.label)  # type: ignore[attr-defined]
        return place(venue, request, refuses or played_reject)  # type: ignore[arg-type]

    monkeypatch.setattr(desk, "place", placed)
    road = CoreRoad(ModelMarket(SEED), Strategy())
    road.run(road.begin + 9 * DAY)
    assert [pause.total_seconds() for pause in retries(road)] == [60.0, 120.0, 240.0, 480.0, 900.0]
    assert road.trading.refused == 5
    assert CycleOutcome.EXIT_BLOCKED in outcomes(road, Job.MONITOR)
    (position,) = road.books.positions.values()
    assert position.state is PositionState.CLOSED


def test_in_a_hole_nothing_is_decided_and_it_is_counted() -> None:
    """From Monday 20:00 to Wednesday 02:00 nobody knows a quote: three monitors can't look."""
    begin = ModelMarket(SEED).start
    hole = Hole(begin + timedelta(hours=20), begin + timedelta(hours=50))
    road = CoreRoad(Changed(SEED, hole=hole), Strategy())
    road.run(begin + timedelta(hours=52))
    assert outcomes(road, Job.MONITOR).count(CycleOutcome.DATA_FAILED) == 3
    assert road.honesty.skipped == {"deribit.get_options_chain:soft": 3}


def test_an_entry_after_half_an_hour_in_a_hole_is_blocked() -> None:
    begin = ModelMarket(SEED).start
    hole = Hole(begin + timedelta(hours=12), begin + timedelta(hours=16))
    road = CoreRoad(Changed(SEED, hole=hole), Strategy())
    road.run(begin + timedelta(hours=15))
    (entry,) = [row for row in road.books.cycles if row.job is Job.ENTRY]
    assert (entry.outcome, entry.reasons) == (CycleOutcome.BLOCKED, ("suspended:market_data",))


def test_in_the_maintenance_window_no_entry_is_decided_and_a_monitor_waits_for_its_end() -> None:
    strategy = Strategy()
    scheduler = strategy.scheduler.model_copy(update={"entry_time": "07:45", "monitor_times": ("07:40",)})
    road = CoreRoad(ModelMarket(SEED), strategy.model_copy(update={"scheduler": scheduler}))
    road.run(road.begin + timedelta(hours=9))
    entry, monitor = (row for row in road.books.cycles if row.job is not Job.SETTLEMENT)
    assert (entry.outcome, entry.reasons) == (CycleOutcome.BLOCKED, ("maintenance_window",))
    assert (monitor.slot.hour, monitor.slot.minute) == (7, 40)
    assert (monitor.opened_at.hour, monitor.opened_at.minute) == (8, 5)


def test_several_positions_are_held_and_what_is_held_to_its_end_is_settled() -> None:
    """With every early exit off and three places free."""
    strategy = Strategy()
    off = dict.fromkeys(
        (
            "margin_exit",
            "margin_warn",
            "profit_of_credit",
            "stop_cost_multiple",
            "dvol_rise_pts",
            "dvol_rise_multiple",
            "delta_max",
            "delta_max_condor",
            "adverse_path",
            "adverse_path_condor",
            "adverse_return_4h",
        )
    )
    changed = {
        "exits": strategy.exits.model_copy(update={**off, "expiry_dte": 0.0}),
        "strategy": strategy.strategy.model_copy(update={"max_open_positions": 3}),
        "scheduler": strategy.scheduler.model_copy(update={"snapshot_every_min": 720}),
    }
    road = CoreRoad(ModelMarket(SEED), strategy.model_copy(update=changed))
    open_at_once = 0
    for day in range(1, 40):
        road.run(road.begin + day * DAY)
        open_at_once = max(open_at_once, len(road.books.live))
    assert open_at_once >= 2
    settled = [each for each in road.books.positions.values() if each.state is PositionState.CLOSED]
    assert settled
    assert {each.exit_rule for each in settled} == {"settlement"}
    assert all(each.closed_at == each.plan.expiration for each in settled)
    assert CycleOutcome.SETTLED in outcomes(road, Job.SETTLEMENT)
    flows = sum((each.pnl_eth for each in road.books.positions.values()), Decimal(0))
    assert flows == road.venue.account.balance_eth - 10
