"""The exit rules, each at its edge."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.orders.exit_rule import ExitRule
from core.rules.exit.adverse import path_done
from core.strategy import ExitMeasure
from core.values import SpreadKind
from tests.core.example_market import EXPIRY, chain_of, name_of
from tests.core.rules.exit_facts import CALL, CALL_LEGS, PUT, PUT_LEGS, at, decided, only, position, quotes


@pytest.mark.parametrize(("hours", "code"), [(96.0, ExitRule.EXPIRY), (96.01, None), (92.0, ExitRule.EXPIRY)])
def test_expiry_at_or_below_four_days(hours: float, code: ExitRule | None) -> None:
    """On Monday at 12:00, 92 hours are left to Friday's 08:00."""
    moment = EXPIRY - timedelta(hours=hours)
    strategy = only(expiry_dte=4.0)
    assert decided(strategy, **at(moment, strategy)).rule is code


@pytest.mark.parametrize(("hours", "code"), [(12.0, ExitRule.EXPIRY), (12.01, None)])
def test_expiry_may_be_set_to_hours(hours: float, code: ExitRule | None) -> None:
    strategy = only(expiry_dte=0.5)
    assert decided(strategy, **at(EXPIRY - timedelta(hours=hours), strategy)).rule is code


def test_expiry_of_zero_days_leaves_it_to_the_settlement() -> None:
    assert decided(only(), **at(EXPIRY - timedelta(minutes=1))).rule is None


@pytest.mark.parametrize(
    ("credit", "exits", "code"),
    [
        ("0.0232", {"profit_of_credit": 0.5}, ExitRule.PROFIT),
        ("0.0231", {"profit_of_credit": 0.5}, None),
        ("0.00464", {"stop_cost_multiple": 2.5}, ExitRule.STOP),
        ("0.00465", {"stop_cost_multiple": 2.5}, None),
    ],
)
def test_profit_and_stop_compare_cost_with_credit(
    credit: str, exits: dict[str, Any], code: ExitRule | None
) -> None:
    assert decided(only(**exits), position=position(credit_eth=Decimal(credit))).rule is code


def test_measured_in_usd_both_sides_take_their_own_index() -> None:
    """0.0116/0.0200 is 0.58 at the entry's 3,000 USD; at 2,500 it is 0.58 · 2,500/3,000 = 0.483."""
    strategy = only(profit_of_credit=0.5, measure=ExitMeasure.USD)
    cheap = position(credit_eth=Decimal("0.0200"))
    assert decided(strategy, position=cheap, spot_usd=2500.0).rule is ExitRule.PROFIT
    assert decided(strategy, position=cheap, spot_usd=3000.0).rule is None


@pytest.mark.parametrize(
    ("dvol", "exits", "code"),
    [
        (72.0, {"dvol_rise_pts": 12.0}, ExitRule.VOLATILITY),
        (71.9, {"dvol_rise_pts": 12.0}, None),
        (75.0, {"dvol_rise_multiple": 1.25}, ExitRule.VOLATILITY),
        (74.9, {"dvol_rise_multiple": 1.25}, None),
        (72.0, {"dvol_rise_pts": 12.0, "dvol_rise_multiple": 1.25}, ExitRule.VOLATILITY),
    ],
)
def test_volatility_by_points_or_by_multiple(
    dvol: float, exits: dict[str, Any], code: ExitRule | None
) -> None:
    assert decided(only(**exits), dvol=dvol).rule is code


def test_delta_of_the_short_leg_alone_counts() -> None:
    short, long = (chain_of(quotes()).quote(leg.instrument_name) for leg in PUT_LEGS)
    assert short is not None
    assert long is not None
    assert decided(only(delta_max=short.abs_delta)).rule is ExitRule.DELTA
    assert decided(only(delta_max=short.abs_delta + 1e-9)).rule is None


def test_a_condor_has_its_own_delta_limit() -> None:
    condor = position(SpreadKind.IRON_CONDOR)
    call = chain_of(quotes()).quote(name_of(CALL, 3400))
    put = chain_of(quotes()).quote(name_of(PUT, 2700))
    assert call is not None
    assert put is not None
    highest = max(call.abs_delta, put.abs_delta)
    assert decided(only(delta_max=0.01, delta_max_condor=highest), position=condor).rule is ExitRule.DELTA
    assert decided(only(delta_max=0.01), position=condor).rule is None


@pytest.mark.parametrize(
    ("kind", "spot", "limit", "code"),
    [
        (SpreadKind.BULL_PUT, 2805.0, 0.65, ExitRule.ADVERSE),
        (SpreadKind.BULL_PUT, 2806.0, 0.65, None),
        (SpreadKind.BULL_PUT, 3400.0, 0.65, None),
        (SpreadKind.BEAR_CALL, 3260.0, 0.65, ExitRule.ADVERSE),
        (SpreadKind.BEAR_CALL, 3259.0, 0.65, None),
        (SpreadKind.BEAR_CALL, 2700.0, 0.65, None),
    ],
)
def test_adverse_after_65_percent_of_the_way(
    kind: SpreadKind, spot: float, limit: float, code: ExitRule | None
) -> None:
    found = decided(only(adverse_path=limit), position=position(kind), spot_usd=spot, spot_4h_ago_usd=spot)
    assert found.rule is code


@pytest.mark.parametrize(
    ("spot", "code"), [(2730.0, ExitRule.ADVERSE), (2731.0, None), (3360.0, ExitRule.ADVERSE)]
)
def test_a_condor_waits_for_90_percent_on_either_side(spot: float, code: ExitRule | None) -> None:
    strategy = only(adverse_path=0.1, adverse_path_condor=0.9)
    condor = position(SpreadKind.IRON_CONDOR)
    assert decided(strategy, position=condor, spot_usd=spot, spot_4h_ago_usd=spot).rule is code


@pytest.mark.parametrize(
    ("kind", "spot", "code"),
    [
        (SpreadKind.BULL_PUT, 2850.0, ExitRule.ADVERSE),
        (SpreadKind.BULL_PUT, 2851.0, None),
        (SpreadKind.BULL_PUT, 3300.0, None),
        (SpreadKind.BEAR_CALL, 3150.1, ExitRule.ADVERSE),
        (SpreadKind.BEAR_CALL, 3149.0, None),
        (SpreadKind.BEAR_CALL, 2700.0, None),
        (SpreadKind.IRON_CONDOR, 2850.0, ExitRule.ADVERSE),
        (SpreadKind.IRON_CONDOR, 3150.1, ExitRule.ADVERSE),
    ],
)
def test_a_four_hour_return_against_the_position_is_adverse(
    kind: SpreadKind, spot: float, code: ExitRule | None
) -> None:
    found = decided(only(adverse_return_4h=0.05), position=position(kind), spot_usd=spot)
    assert found.rule is code


def test_the_way_to_a_strike() -> None:
    put, call = PUT_LEGS[0], CALL_LEGS[0]
    assert path_done(put, 3000.0, 2850.0) == pytest.approx(0.5)
    assert path_done(put, 3000.0, 3150.0) == pytest.approx(-0.5)
    assert path_done(call, 3000.0, 3400.0) == pytest.approx(1.0)
    assert path_done(put, 2700.0, 2700.0) == 1.0
    assert path_done(put, 2600.0, 2800.0) == 0.0
    assert path_done(call, 3400.0, 3500.0) == 1.0
    assert path_done(call, 3500.0, 3300.0) == 0.0
    assert path_done(put, 2700.5, 2700.25) == 0.5
