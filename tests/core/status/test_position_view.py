"""One position as a person looks at it; the exits are the rules' own checks."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.orders.books import Position
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from core.status.position_view import position_view, strikes_text
from core.strategy import ExitsSection, Strategy
from tests.fakes.engine_status import CONDOR, LATER, MARKS, PUT
from tests.fakes.trading import SHORT

EXITS = Strategy().exits


def changed(position: Position = PUT, **changes: object) -> Position:
    return position.model_copy(update=changes)


def test_what_a_put_spread_is() -> None:
    view = position_view(PUT, MARKS, EXITS, LATER)
    assert view.strikes == "2800/2600P"
    assert view.dte == pytest.approx(8.747, abs=1e-3)
    assert view.short_distance_frac == pytest.approx((3048.52 - 2800) / 3048.52)
    assert view.worst_loss_usd == 360.0
    # A put sold: 0.075 and its mark, on 2 contracts; nothing for the bought one.
    assert view.margin_eth == pytest.approx(2 * (0.075 + 0.0074))
    assert view.pnl_eth == Decimal("0.0188") - 2 * (Decimal("0.0074") - Decimal("0.0022"))
    # The premium at the index of its own time, and what is still open at that of now.
    assert view.pnl_usd == Decimal("24.70")


def test_a_condor_has_both_sides_and_the_nearer_strike() -> None:
    view = position_view(CONDOR, MARKS, EXITS, LATER)
    assert view.strikes == strikes_text(CONDOR.plan.legs) == "2800/2600P 3400/3600C"
    assert view.short_distance_frac == pytest.approx((3048.52 - 2800) / 3048.52)
    by_code = {check.code: check for check in view.nearest}
    assert by_code["delta"].note == SHORT
    assert by_code["adverse_path"].note == "ETH-16JAN26-3400-C"
    high = MARKS.model_copy(update={"spot_usd": 3450.0})
    past = position_view(CONDOR, high, EXITS, LATER)
    assert past.short_distance_frac == pytest.approx(-50.0 / 3450.0)
    assert past.due is ExitRule.ADVERSE


def test_each_exit_stands_beside_its_threshold() -> None:
    view = position_view(PUT, MARKS, EXITS, LATER)
    assert [rule.rule for rule in view.exits] == [
        rule for rule in ExitRule if rule not in (ExitRule.MANUAL, ExitRule.SETTLEMENT, ExitRule.ADOPTED)
    ]
    assert {check.code: check.threshold for check in view.nearest} == {
        "margin": 0.6,
        "expiry": 4.0,
        "profit": 0.5,
        "stop": 2.5,
        "dvol_rise_pts": 12.0,
        "dvol_rise_multiple": 1.25,
        "delta": 0.35,
        "adverse_path": 0.65,
        "adverse_return_4h": 0.05,
    }
    assert view.due is None


def test_the_exit_that_would_close_is_named() -> None:
    easy = ExitsSection(profit_of_credit=0.9)
    assert position_view(PUT, MARKS, easy, LATER).due is ExitRule.PROFIT


@pytest.mark.parametrize(
    ("market", "rules"),
    [
        (None, ["expiry"]),
        (MARKS.model_copy(update={"spot_usd": None}), ["margin", "expiry"]),
        (MARKS.model_copy(update={"legs": MARKS.legs[:1]}), ["margin", "expiry", "volatility", "adverse"]),
        (MARKS.model_copy(update={"dvol": None}), ["margin", "expiry", "profit", "stop", "delta", "adverse"]),
    ],
)
def test_what_needs_a_mark_that_is_missing_is_not_shown(market: object, rules: list[str]) -> None:
    view = position_view(PUT, market, EXITS, LATER)  # type: ignore[arg-type]
    assert [rule.rule for rule in view.exits] == rules
    assert (view.pnl_usd is None) is (view.short_distance_frac is None or "profit" not in rules)


def test_without_an_ask_closing_is_assumed_to_cost_the_model_price() -> None:
    bare = tuple(mark.model_copy(update={"bid_eth": None, "ask_eth": None}) for mark in MARKS.legs)
    view = position_view(PUT, MARKS.model_copy(update={"legs": bare}), EXITS, LATER)
    profit = next(check for check in view.nearest if check.code == "profit")
    assert isinstance(profit.value, float)
    assert 0.5 < profit.value < 2.0


def test_a_return_that_is_not_known_is_left_out() -> None:
    unknown = MARKS.model_copy(update={"spot_4h_ago_usd": None})
    codes = {check.code for check in position_view(PUT, unknown, EXITS, LATER).nearest}
    assert "adverse_path" in codes
    assert "adverse_return_4h" not in codes


def test_without_settings_or_before_there_is_something_to_close_no_exit_is_shown() -> None:
    assert position_view(PUT, MARKS, None, LATER).exits == ()
    waiting = changed(state=PositionState.AWAITING_FILL, contracts=0, contracts_opened=0, entered_at=None)
    view = position_view(waiting, MARKS, EXITS, LATER)
    assert view.exits == ()
    assert view.worst_loss_usd == 360.0, "what may still fill is at risk already"
    assert position_view(changed(contracts=1), MARKS, EXITS, LATER).worst_loss_usd == 180.0
    odd = position_view(changed(credit_eth=Decimal(0)), MARKS, EXITS, LATER)
    assert [rule.rule for rule in odd.exits] == ["margin", "expiry"]
