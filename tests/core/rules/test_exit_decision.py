"""The exit decision: the order of its rules, what it shows, and that missing or broken data never holds."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.orders.closing_cost import cost_of
from core.orders.exit_rule import ExitRule
from core.pricing.black76 import black76_price_eth, year_fraction
from core.rules.exit.adverse import path_done
from core.rules.exit.decision import ExitDecision, Skipped, decide_exit
from core.values import SpreadKind
from tests.core.example_market import (
    EXPIRY,
    NOW,
    STRATEGY,
    chain_of,
    name_of,
    scaled,
    scaled_name,
    unscaled_names,
    wire_quotes,
)
from tests.core.rules.exit_facts import CALL, CALL_LEGS, PUT, PUT_LEGS, decided, facts, only, position, quotes


def test_a_quiet_position_is_held_with_its_numbers() -> None:
    """Natural 0.0110 + two fees of 0.0003 = 0.0116, just the credit."""
    decision = decided()
    assert (decision.code, decision.rule, decision.matched, decision.flags) == ("hold", None, (), ())
    assert decision.cost_eth == pytest.approx(0.0116)
    assert decision.natural_cost_eth == Decimal("0.0110")
    assert decision.mid_cost_eth == Decimal("0.0100")
    assert decision.unrealised_eth == pytest.approx(0.0)
    assert decision.dte == 10.75
    closes_otherwise = (ExitRule.MANUAL, ExitRule.SETTLEMENT, ExitRule.ADOPTED)
    assert [rule.rule for rule in decision.rules] == [
        rule for rule in ExitRule if rule not in closes_otherwise
    ]
    assert "exit p1: hold\nmargin: holds" in decision.table()


def test_the_first_match_wins_and_all_are_listed() -> None:
    decision = decided(position=position(credit_eth=Decimal("0.0030")), dvol=90.0, spot_usd=2700.0)
    assert decision.rule is ExitRule.STOP
    assert decision.matched == (ExitRule.STOP, ExitRule.VOLATILITY, ExitRule.ADVERSE)
    assert "move against it: closes" in decision.table()


def test_a_missing_bid_of_the_long_leg_counts_as_nothing() -> None:
    decision = decided(chain=chain_of(quotes(p2460={"bid": None})))
    assert decision.natural_cost_eth == Decimal("0.0160")
    assert decision.cost_eth == pytest.approx(0.0160 + 0.0003)
    assert decision.mid_cost_eth == Decimal("0.0155") - Decimal("0.0030")
    assert decision.flags == (f"no_bid:{name_of(PUT, 2460)}",)


def test_a_missing_ask_of_the_short_leg_is_the_model_price_and_two_ticks() -> None:
    chain = chain_of(quotes(p2700={"ask": None, "bid": None}))
    quote = chain.quote(name_of(PUT, 2700))
    assert quote is not None
    model = black76_price_eth(PUT, 3000.0, 2700.0, year_fraction(NOW, EXPIRY), quote.mark_iv_pct / 100)
    decision = decided(chain=chain)
    assumed = decision.natural_cost_eth + Decimal("0.0050")
    assert 0.0002 <= float(assumed) - model < 0.0003
    assert set(decision.flags) == {f"no_ask:{name_of(PUT, 2700)}", f"no_bid:{name_of(PUT, 2700)}"}


def test_an_ask_of_a_call_is_assumed_from_the_model_of_a_call() -> None:
    chain = chain_of(quotes(c3400={"ask": None, "bid": None}))
    quote = chain.quote(name_of(CALL, 3400))
    assert quote is not None
    model = black76_price_eth(CALL, 3000.0, 3400.0, year_fraction(NOW, EXPIRY), quote.mark_iv_pct / 100)
    assumed = cost_of([(CALL_LEGS[0], quote)]).natural_eth
    assert 0.0002 <= float(assumed) - model < 0.0003


def test_an_assumed_ask_is_never_below_the_bid() -> None:
    chain = chain_of(quotes(p2700={"ask": None, "bid": "0.0900"}))
    quote = chain.quote(name_of(PUT, 2700))
    assert quote is not None
    assert cost_of([(PUT_LEGS[0], quote)]).natural_eth == Decimal("0.0900")


def test_everything_missing_is_named_at_once() -> None:
    skipped = decide_exit(facts(spot_usd=None, spot_4h_ago_usd=None, dvol=None, chain=None), STRATEGY)
    assert isinstance(skipped, Skipped)
    assert skipped.reasons == ("spot_missing", "spot_4h_ago_missing", "dvol_missing", "chain_missing")


def skipped(**changes: Any) -> tuple[str, ...]:
    found = decide_exit(facts(**changes), STRATEGY)
    assert isinstance(found, Skipped)
    return found.reasons


def many(count: int, changes: dict[str, Any]) -> list[dict[str, Any]]:
    """The legs among 40 sound quotes of another expiry, the first `count` of which are broken."""
    others = wire_quotes(range(2000, 4000, 100), [EXPIRY + timedelta(days=7)])
    return quotes() + [quote | (changes if i < count else {}) for i, quote in enumerate(others)]


def test_broken_and_old_and_missing_legs_skip() -> None:
    short, long = (leg.instrument_name for leg in PUT_LEGS)
    broken = [q | ({"mark_iv": 7.0} if q["instrument_name"] == short else {}) for q in many(0, {})]
    assert skipped(chain=chain_of(broken)) == (f"leg_broken:{short}:iv_out_of_range",)
    gone = [q for q in many(0, {}) if q["instrument_name"] != long]
    assert skipped(chain=chain_of(gone)) == (f"leg_missing:{long}",)
    old = NOW - timedelta(seconds=61)
    stale = [
        q | ({"timestamp": old.isoformat()} if q["instrument_name"] == long else {}) for q in many(0, {})
    ]
    assert skipped(chain=chain_of(stale)) == (f"leg_too_old:{long}",)


def test_a_missing_leg_hides_no_fault_of_the_next() -> None:
    short, long = (leg.instrument_name for leg in PUT_LEGS)
    gone = [q for q in many(0, {}) if q["instrument_name"] not in (short, long)]
    assert skipped(chain=chain_of(gone)) == (f"leg_missing:{short}", f"leg_missing:{long}")


@pytest.mark.parametrize(("age_s", "decides"), [(60.0, True), (60.001, False)])
def test_a_leg_may_be_just_as_old_as_the_limit(age_s: float, decides: bool) -> None:
    told = (NOW - timedelta(seconds=age_s)).isoformat()
    names = {leg.instrument_name for leg in PUT_LEGS}
    aged = [q | ({"timestamp": told} if q["instrument_name"] in names else {}) for q in many(0, {})]
    assert isinstance(decide_exit(facts(chain=chain_of(aged)), STRATEGY), ExitDecision) is decides


def test_a_chain_may_be_broken_to_just_five_percent() -> None:
    """2 of 40 quotes."""
    chain = chain_of(many(2, {"mark_iv": 7.0})[:40])
    assert chain.broken_frac == STRATEGY.anomalies.broken_max_frac == 0.05
    assert isinstance(decide_exit(facts(chain=chain), STRATEGY), ExitDecision)


@pytest.mark.parametrize(("count", "broken"), [(2, False), (3, True)])
def test_a_chain_more_than_five_percent_broken_skips(count: int, broken: bool) -> None:
    decision = decide_exit(facts(chain=chain_of(many(count, {"mark_iv": 7.0}))), STRATEGY)
    assert isinstance(decision, Skipped) is broken
    if isinstance(decision, Skipped):
        assert decision.reasons == ("chain_broken",)


@given(
    spot=st.none() | st.floats(1500, 5000),
    before=st.none() | st.floats(1500, 5000),
    dvol=st.none() | st.floats(20, 200),
    with_chain=st.booleans(),
    kind=st.sampled_from(SpreadKind),
    credit=st.integers(10, 400),
)
def test_a_decision_is_made_exactly_where_nothing_is_missing(
    spot: float | None,
    before: float | None,
    dvol: float | None,
    with_chain: bool,
    kind: SpreadKind,
    credit: int,
) -> None:
    chain = CHAIN if with_chain else None
    decision = decide_exit(
        facts(
            spot_usd=spot,
            spot_4h_ago_usd=before,
            dvol=dvol,
            chain=chain,
            position=position(kind, credit_eth=Decimal(credit) / 10_000),
        ),
        STRATEGY,
    )
    complete = None not in (spot, before, dvol) and with_chain
    assert isinstance(decision, ExitDecision) is complete
    if isinstance(decision, ExitDecision):
        assert decision.rule is (decision.matched[0] if decision.matched else None)
        assert (ExitRule.PROFIT in decision.matched) is (decision.cost_eth <= 0.5 * credit / 10_000)
        assert (ExitRule.STOP in decision.matched) is (decision.cost_eth >= 2.5 * credit / 10_000)


CHAIN = chain_of(quotes())


@given(
    factor=st.sampled_from([0.25, 0.5, 2.0, 4.0]),
    spot=st.floats(2300, 3800),
    kind=st.sampled_from(SpreadKind),
)
def test_scaling_every_usd_price_changes_no_exit(factor: float, spot: float, kind: SpreadKind) -> None:
    """By powers of two, so that the scaling itself does not round."""
    plain = position(kind)
    by_name = {quote["instrument_name"]: quote for quote in quotes()}
    changes = [
        {
            "strike_usd": leg.strike_usd * factor,
            "instrument_name": scaled_name(by_name[leg.instrument_name], factor),
        }
        for leg in plain.legs
    ]
    legs = tuple(leg.model_copy(update=change) for leg, change in zip(plain.legs, changes, strict=True))
    moved = plain.model_copy(update={"entry_spot_usd": plain.entry_spot_usd * factor, "legs": legs})
    one = decided(position=plain, spot_usd=spot)
    other = decided(
        position=moved,
        spot_usd=spot * factor,
        spot_4h_ago_usd=3000.0 * factor,
        chain=chain_of(scaled(quotes(), factor)),
    )
    assert one.model_dump_json() == unscaled_names(other.model_dump_json(), quotes(), factor)


def test_a_decision_shows_every_comparison_and_input() -> None:
    """A quiet bull put: what each rule compared, to the last number."""
    put = chain_of(quotes()).quote(name_of(PUT, 2700))
    assert put is not None
    ratio = decided().cost_eth / 0.0116
    shown = [
        (rule.rule, [(c.code, c.note, c.value, c.op, c.threshold) for c in rule.checks], rule.inputs)
        for rule in decided(spot_usd=2970.0).rules
    ]
    return_4h = 2970.0 / 3000.0 - 1.0
    path = path_done(PUT_LEGS[0], 3000.0, 2970.0)
    assert shown == [
        (
            "margin",
            [("margin", "", 0.02, ">=", 0.6)],
            {"margin_use": 0.02, "uses_most_margin": True},
        ),
        ("expiry", [("expiry", "", 10.75, "<=", 4.0)], {"dte": 10.75}),
        ("profit", [("profit", "", ratio, "<=", 0.5)], {}),
        ("stop", [("stop", "", ratio, ">=", 2.5)], {}),
        (
            "volatility",
            [("dvol_rise_pts", "", 0.0, ">=", 12.0), ("dvol_rise_multiple", "", 1.0, ">=", 1.25)],
            {"dvol": 60.0, "entry_dvol": 60.0},
        ),
        ("delta", [("delta", put.instrument_name, put.abs_delta, ">=", 0.35)], {}),
        (
            "adverse",
            [
                ("adverse_path", put.instrument_name, path, ">=", 0.65),
                ("adverse_return_4h", "put", -return_4h, ">=", 0.05),
            ],
            {"return_4h": return_4h},
        ),
    ]


def test_the_whole_table_of_an_exit() -> None:
    table = decided(only(dvol_rise_pts=12.0), dvol=72.0).table()
    assert table.splitlines() == [
        "exit p1: volatility",
        "margin: holds",
        "     maintenance margin, of venue equity  2.0%",
        "     it uses the most margin              yes",
        "time: holds",
        "     days to expiry  10.75 days",
        "profit: holds",
        "stop: holds",
        "volatility: closes",
        "  -> DVOL's rise since entry  12.0 points, closes from 12.0 points",
        "     DVOL                     72.0 points",
        "     DVOL at entry            60.0 points",
        "delta: holds",
        "move against it: holds",
        "     return of 4 hours  0.0%",
    ]
