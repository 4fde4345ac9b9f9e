"""The figures of a report, by hand, and what they must add up to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.orders.exit_rule import ExitRule
from core.statistics.costs import costs_of
from core.statistics.performance import Performance, performance
from core.values import SpreadKind
from tests.core.statistics.example_trades import FIRST, trade

ENDED = FIRST + timedelta(weeks=8)
TRADES = (
    trade(0, "30"),
    trade(1, "20", kind=SpreadKind.BEAR_CALL),
    trade(3, "-80", exit_rule=ExitRule.STOP),
    trade(4, "10", exit_rule=None, crossing_out_eth=None),
)


@pytest.fixture(scope="module")
def found() -> Performance:
    return performance(TRADES, FIRST, ENDED, still_open=[FIRST + timedelta(weeks=7)])


def test_the_whole(found: Performance) -> None:
    assert (found.total.trades, found.total.wins) == (4, 3)
    assert found.total.pnl_usd == Decimal(-20)
    assert found.total.pnl_eth == Decimal("-0.01")
    assert found.total.win_rate is not None
    assert found.total.win_rate.value == 0.75
    assert found.total.mean_result is not None
    assert found.total.mean_result.value == pytest.approx(-0.05)


def test_the_means(found: Performance) -> None:
    means = (found.expectancy_usd, found.average_win_usd, found.average_loss_usd)
    assert [None if mean is None else mean.value for mean in means] == [-5.0, 20.0, -80.0]
    assert found.profit_factor == pytest.approx(60 / 80)
    assert found.results == pytest.approx((-0.8, -0.53, -0.125, 0.15, 0.225, 0.27, 0.3))


def test_the_curve(found: Performance) -> None:
    assert found.drawdown is not None
    assert (found.drawdown.depth, found.drawdown.length_days) == (80.0, 41.0)
    assert found.steadiness.weeks == 9
    # Held: days 0 to 15, 21 to 36, and 49 to 56.
    assert found.exposure == pytest.approx((15 + 15 + 7) / 56)


def test_the_groups_add_up_to_the_whole(found: Performance) -> None:
    for groups in (found.by_month, found.by_kind, found.by_exit):
        assert sum(group.trades for group in groups) == 4
        assert sum(group.pnl_usd for group in groups) == Decimal(-20)
    assert [(group.name, group.trades, group.wins) for group in found.by_month] == [
        ("2026-01", 2, 2),
        ("2026-02", 2, 1),
    ]
    assert [group.name for group in found.by_kind] == ["bear_call", "bull_put"]
    assert [(group.name, group.trades) for group in found.by_exit] == [
        ("profit", 2),
        ("stop", 1),
        ("unknown", 1),
    ]


def test_the_costs_are_fees_and_both_crossings() -> None:
    costs = costs_of(TRADES)
    assert (costs.mid_credit_eth, costs.credit_eth) == (Decimal("0.080"), Decimal("0.072"))
    assert (costs.fees_eth, costs.crossing_in_eth, costs.crossing_out_eth) == (
        Decimal("0.0096"),
        Decimal("0.008"),
        Decimal("0.003"),
    )
    assert costs.unknown_exits == 1
    assert costs.crossing_eth == Decimal("0.011")
    assert costs.total_eth == Decimal("0.0206")
    assert costs.share(costs.total_eth) == pytest.approx(0.2575)


def test_a_trade_that_won_nothing_is_no_win() -> None:
    found = performance([trade(0, "0")], FIRST, ENDED)
    assert found.total.wins == 0
    assert found.average_win_usd is None
    assert found.average_loss_usd is not None
    assert found.profit_factor is None


def test_without_a_trade_there_are_figures_that_say_so() -> None:
    found = performance([], FIRST, ENDED)
    assert (found.total.trades, found.total.pnl_usd, found.results) == (0, Decimal(0), ())
    assert found.total.win_rate is None
    assert found.expectancy_usd is None
    assert found.profit_factor is None
    assert found.drawdown is None
    assert found.exposure == 0.0
    assert found.costs.share(found.costs.total_eth) is None
    assert (found.by_month, found.by_kind, found.by_exit) == ((), (), ())


def test_the_order_of_the_trades_does_not_matter() -> None:
    trades = [trade(week, "25" if week % 4 else "-70") for week in range(16)]
    ended = FIRST + timedelta(weeks=20)
    assert performance(trades[::-1], FIRST, ended) == performance(trades, FIRST, ended)


def test_larger_trades_change_the_money_and_not_the_results() -> None:
    trades = [trade(week, "25" if week % 4 else "-70") for week in range(16)]
    doubled = [replace(each, pnl_usd=2 * each.pnl_usd, worst_loss_usd=200.0) for each in trades]
    ended = FIRST + timedelta(weeks=20)
    one, two = performance(trades, FIRST, ended), performance(doubled, FIRST, ended)
    assert two.results == one.results
    assert two.total.mean_result == one.total.mean_result
    assert one.expectancy_usd is not None
    assert two.expectancy_usd is not None
    assert two.expectancy_usd.value == 2 * one.expectancy_usd.value
    assert two.steadiness == one.steadiness
