"""The course of an order that does not fill."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from core.orders.closing_cost import ClosingCost
from core.orders.limits import TOO_MANY, TOO_MUCH
from core.orders.plan import ComboPlan
from core.orders.working import (
    LAST_STEPS_MAX,
    ExitLadder,
    Next,
    entry_course,
    entry_wait_s,
    exit_price_eth,
    exit_retry_s,
    needs_smaller_orders,
)
from core.strategy import Strategy
from core.values import COMBO_TICK_ETH
from tests.fakes.trading import plan as example_plan

STRATEGY = Strategy()
EXECUTION, LIMITS = STRATEGY.execution, STRATEGY.limits
COST = ClosingCost(Decimal("0.0100"), Decimal("0.0110"), 0.0006, ())
ENDS_AT = datetime.fromisoformat("2026-01-05T14:15:00+00:00")


@pytest.fixture
def plan() -> ComboPlan:
    return example_plan()


def test_an_entry_waits_for_its_next_price_or_for_what_is_left_of_its_time() -> None:
    assert entry_wait_s(ENDS_AT - timedelta(minutes=15), ENDS_AT, EXECUTION) == 60.0
    assert entry_wait_s(ENDS_AT - timedelta(seconds=12), ENDS_AT, EXECUTION) == 12.0
    assert entry_wait_s(ENDS_AT + timedelta(seconds=12), ENDS_AT, EXECUTION) == 0.0


def test_an_entry_goes_to_its_floor_rests_there_and_ends_with_its_time(plan: ComboPlan) -> None:
    now, limit_eth, prices = ENDS_AT - timedelta(minutes=1), plan.limit_eth, []
    while isinstance(course := entry_course(now, ENDS_AT, limit_eth, plan, EXECUTION), Decimal):
        limit_eth = course
        prices.append(limit_eth)
    assert course is Next.REST
    assert prices == sorted(prices, reverse=True)
    assert prices[-1] == plan.floor_eth
    assert entry_course(ENDS_AT, ENDS_AT, plan.limit_eth, plan, EXECUTION) is Next.CANCEL


def test_an_exit_goes_from_mid_to_natural_and_beyond_it_a_tick_a_step() -> None:
    ladder = ExitLadder(EXECUTION, LIMITS, 0)
    limit_eth, prices = exit_price_eth(COST, 0, EXECUTION, LIMITS), []
    assert limit_eth == -COST.mid_eth
    for _ in range(EXECUTION.exit_steps + 2):
        ladder.looked()
        course = ladder.course(COST, limit_eth)
        assert isinstance(course, Decimal)
        limit_eth = course
        prices.append(limit_eth)
    natural_eth = -COST.natural_eth
    assert prices[-3:] == [natural_eth, natural_eth - COMBO_TICK_ETH, natural_eth - 2 * COMBO_TICK_ETH]


def test_an_exit_that_rests_at_its_last_price_is_replaced() -> None:
    ladder = ExitLadder(EXECUTION, LIMITS, 999)
    last_eth = exit_price_eth(COST, 999, EXECUTION, LIMITS)
    courses = []
    for _ in range(LAST_STEPS_MAX + 1):
        ladder.looked()
        courses.append(ladder.course(COST, last_eth))
    assert courses == [Next.REST] * LAST_STEPS_MAX + [Next.CANCEL]


def test_an_exit_that_moves_with_the_market_at_its_last_price_is_replaced_too() -> None:
    ladder = ExitLadder(EXECUTION, LIMITS, 999)
    limit_eth, courses = Decimal(0), []
    for number in range(LAST_STEPS_MAX + 1):
        ladder.looked()
        dearer = COST._replace(natural_eth=COST.natural_eth + number * COMBO_TICK_ETH)
        courses.append(course := ladder.course(dearer, limit_eth))
        limit_eth = course if isinstance(course, Decimal) else limit_eth
    assert all(isinstance(course, Decimal) for course in courses[:-1])
    assert courses[-1] is Next.CANCEL


@pytest.mark.parametrize(
    ("reasons", "smaller"),
    [((TOO_MANY,), True), ((TOO_MUCH, TOO_MANY), True), ((TOO_MUCH, "armed"), False), (("armed",), False)],
)
def test_an_exit_is_cut_only_if_nothing_but_its_size_is_refused(
    reasons: tuple[str, ...], smaller: bool
) -> None:
    assert needs_smaller_orders(reasons) is smaller


def test_an_exit_that_is_refused_is_tried_at_twice_the_pause_each_time_up_to_a_quarter_of_an_hour() -> None:
    pauses = [exit_retry_s(failed, EXECUTION) for failed in range(1, 7)]
    assert pauses == [60.0, 120.0, 240.0, 480.0, 900.0, 900.0]
    assert exit_retry_s(5_000, EXECUTION) == 900.0
