"""The exit rules: each at its edge, their order, and that missing or broken data is never a hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.exit_decision import ExitCode, ExitDecision, Skipped, decide_exit
from core.exits import closing_cost, path_done
from core.facts import MonitorFacts, OpenPositionFacts
from core.pricing import black76_price_eth, year_fraction
from core.strategy import ExitMeasure, ExitsSection, Strategy
from core.values import Leg, OptionType, PositionId, Side, SpreadKind
from tests.core.market import EXPIRY, NOW, STRATEGY, altered, chain_of, name_of, wire_quotes

PUT, CALL = OptionType.PUT, OptionType.CALL
OFF: dict[str, Any] = {
    "expiry_dte": 0.0,
    "profit_of_credit": None,
    "stop_cost_multiple": None,
    "dvol_rise_pts": None,
    "dvol_rise_multiple": None,
    "delta_max": None,
    "delta_max_condor": None,
    "adverse_path": None,
    "adverse_path_condor": None,
    "adverse_return_4h": None,
}


def leg(option_type: OptionType, strike: float, side: Side) -> Leg:
    return Leg(
        instrument_name=name_of(option_type, strike),
        option_type=option_type,
        strike_usd=strike,
        expiration=EXPIRY,
        side=side,
    )


PUT_LEGS = (leg(PUT, 2700, Side.SELL), leg(PUT, 2460, Side.BUY))
CALL_LEGS = (leg(CALL, 3400, Side.SELL), leg(CALL, 3600, Side.BUY))
LEGS = {
    SpreadKind.BULL_PUT: PUT_LEGS,
    SpreadKind.BEAR_CALL: CALL_LEGS,
    SpreadKind.IRON_CONDOR: (PUT_LEGS[0], CALL_LEGS[0], PUT_LEGS[1], CALL_LEGS[1]),
}


def quotes(**touch: Any) -> list[dict[str, Any]]:
    """The four legs; by default the put spread closes for 0.0160 − 0.0050 natural."""
    changes: dict[str, dict[str, Any]] = {
        name_of(PUT, 2700): {"bid": "0.0150", "ask": "0.0160"},
        name_of(PUT, 2460): {"bid": "0.0050", "ask": "0.0060"},
        name_of(CALL, 3400): {"bid": "0.0140", "ask": "0.0150"},
        name_of(CALL, 3600): {"bid": "0.0050", "ask": "0.0060"},
    }
    for key, change in touch.items():
        letter, strike = key[0], float(key[1:])
        changes[name_of(PUT if letter == "p" else CALL, strike)] |= change
    return altered(wire_quotes([2460, 2700, 3400, 3600], [EXPIRY]), changes)


def position(kind: SpreadKind = SpreadKind.BULL_PUT, **changes: Any) -> OpenPositionFacts:
    fields: dict[str, Any] = {
        "position_id": PositionId("p1"),
        "kind": kind,
        "legs": LEGS[kind],
        "contracts": 2,
        "credit_eth": Decimal("0.0116"),
        "entered_at": NOW - timedelta(days=1),
        "expiration": EXPIRY,
        "entry_spot_usd": 3000.0,
        "entry_dvol": 60.0,
    }
    return OpenPositionFacts(**(fields | changes))


def facts(**changes: Any) -> MonitorFacts:
    fields: dict[str, Any] = {
        "now": NOW,
        "position": position(),
        "spot_usd": 3000.0,
        "spot_4h_ago_usd": 3000.0,
        "dvol": 60.0,
        "chain": chain_of(quotes()),
    }
    return MonitorFacts(**(fields | changes))


def decided(strategy: Strategy = STRATEGY, **changes: Any) -> ExitDecision:
    decision = decide_exit(facts(**changes), strategy)
    assert isinstance(decision, ExitDecision)
    return decision


def only(**exits: Any) -> Strategy:
    """A strategy with a single exit rule."""
    return Strategy(exits=ExitsSection(**(OFF | exits)))


def test_a_quiet_position_is_held_with_its_numbers() -> None:
    """Natural 0.0110 + two fees of 0.0003 = 0.0116, just the credit."""
    decision = decided()
    assert (decision.code, decision.matched, decision.flags) == (ExitCode.HOLD, (), ())
    assert decision.cost_eth == pytest.approx(0.0116)
    assert decision.natural_cost_eth == Decimal("0.0110")
    assert decision.mid_cost_eth == Decimal("0.0100")
    assert decision.unrealised_eth == pytest.approx(0.0)
    assert decision.dte == 10.75
    assert [rule.rule for rule in decision.rules] == [
        code.value for code in ExitCode if code is not ExitCode.HOLD
    ]
    assert "exit p1: hold\nexpiry: no match" in decision.table()


def at(moment: datetime, strategy: Strategy = STRATEGY) -> dict[str, Any]:
    """The same touches at another moment, each with the delta that its IV has then."""
    fresh = {
        q["instrument_name"]: q["delta"] for q in wire_quotes([2460, 2700, 3400, 3600], [EXPIRY], at=moment)
    }
    return {
        "now": moment,
        "chain": chain_of(
            [q | {"timestamp": moment.isoformat(), "delta": fresh[q["instrument_name"]]} for q in quotes()],
            strategy,
            now=moment,
        ),
    }


@pytest.mark.parametrize(
    ("hours", "code"), [(96.0, ExitCode.EXPIRY), (96.01, ExitCode.HOLD), (92.0, ExitCode.EXPIRY)]
)
def test_expiry_at_or_below_four_days(hours: float, code: ExitCode) -> None:
    """On Monday at 12:00, 92 hours are left to Friday's 08:00."""
    moment = EXPIRY - timedelta(hours=hours)
    strategy = only(expiry_dte=4.0)
    assert decided(strategy, **at(moment, strategy)).code is code


def test_expiry_of_zero_days_leaves_it_to_the_settlement() -> None:
    assert decided(only(), **at(EXPIRY - timedelta(minutes=1))).code is ExitCode.HOLD


@pytest.mark.parametrize(
    ("credit", "exits", "code"),
    [
        ("0.0232", {"profit_of_credit": 0.5}, ExitCode.PROFIT),
        ("0.0231", {"profit_of_credit": 0.5}, ExitCode.HOLD),
        ("0.00464", {"stop_cost_multiple": 2.5}, ExitCode.STOP),
        ("0.00465", {"stop_cost_multiple": 2.5}, ExitCode.HOLD),
    ],
)
def test_profit_and_stop_compare_cost_with_credit(credit: str, exits: dict[str, Any], code: ExitCode) -> None:
    assert decided(only(**exits), position=position(credit_eth=Decimal(credit))).code is code


def test_measured_in_usd_both_sides_take_their_own_index() -> None:
    """0.0116 ETH at 2,500 USD is half of 0.0232·(2,500/3,000)… at entry's 3,000 it is not."""
    strategy = only(profit_of_credit=0.5, measure=ExitMeasure.USD)
    cheap = position(credit_eth=Decimal("0.0200"))
    assert decided(strategy, position=cheap, spot_usd=2500.0).code is ExitCode.PROFIT
    assert decided(strategy, position=cheap, spot_usd=3000.0).code is ExitCode.HOLD


@pytest.mark.parametrize(
    ("dvol", "exits", "code"),
    [
        (72.0, {"dvol_rise_pts": 12.0}, ExitCode.VOLATILITY),
        (71.9, {"dvol_rise_pts": 12.0}, ExitCode.HOLD),
        (75.0, {"dvol_rise_multiple": 1.25}, ExitCode.VOLATILITY),
        (74.9, {"dvol_rise_multiple": 1.25}, ExitCode.HOLD),
        (72.0, {"dvol_rise_pts": 12.0, "dvol_rise_multiple": 1.25}, ExitCode.VOLATILITY),
    ],
)
def test_volatility_by_points_or_by_multiple(dvol: float, exits: dict[str, Any], code: ExitCode) -> None:
    assert decided(only(**exits), dvol=dvol).code is code


def test_delta_of_the_short_leg_alone_counts() -> None:
    short, long = (chain_of(quotes()).quote(leg.instrument_name) for leg in PUT_LEGS)
    assert short is not None
    assert long is not None
    assert decided(only(delta_max=short.abs_delta)).code is ExitCode.DELTA
    assert decided(only(delta_max=short.abs_delta + 1e-9)).code is ExitCode.HOLD


def test_a_condor_has_its_own_delta_limit() -> None:
    condor = position(SpreadKind.IRON_CONDOR)
    call = chain_of(quotes()).quote(name_of(CALL, 3400))
    put = chain_of(quotes()).quote(name_of(PUT, 2700))
    assert call is not None
    assert put is not None
    highest = max(call.abs_delta, put.abs_delta)
    assert decided(only(delta_max=0.01, delta_max_condor=highest), position=condor).code is ExitCode.DELTA
    assert decided(only(delta_max=0.01), position=condor).code is ExitCode.HOLD


@pytest.mark.parametrize(
    ("kind", "spot", "limit", "code"),
    [
        (SpreadKind.BULL_PUT, 2805.0, 0.65, ExitCode.ADVERSE),
        (SpreadKind.BULL_PUT, 2806.0, 0.65, ExitCode.HOLD),
        (SpreadKind.BULL_PUT, 3400.0, 0.65, ExitCode.HOLD),
        (SpreadKind.BEAR_CALL, 3260.0, 0.65, ExitCode.ADVERSE),
        (SpreadKind.BEAR_CALL, 3259.0, 0.65, ExitCode.HOLD),
        (SpreadKind.BEAR_CALL, 2700.0, 0.65, ExitCode.HOLD),
    ],
)
def test_adverse_after_65_percent_of_the_way(
    kind: SpreadKind, spot: float, limit: float, code: ExitCode
) -> None:
    found = decided(only(adverse_path=limit), position=position(kind), spot_usd=spot, spot_4h_ago_usd=spot)
    assert found.code is code


@pytest.mark.parametrize(
    ("spot", "code"), [(2730.0, ExitCode.ADVERSE), (2731.0, ExitCode.HOLD), (3360.0, ExitCode.ADVERSE)]
)
def test_a_condor_waits_for_90_percent_on_either_side(spot: float, code: ExitCode) -> None:
    strategy = only(adverse_path=0.1, adverse_path_condor=0.9)
    condor = position(SpreadKind.IRON_CONDOR)
    assert decided(strategy, position=condor, spot_usd=spot, spot_4h_ago_usd=spot).code is code


@pytest.mark.parametrize(
    ("kind", "spot", "code"),
    [
        (SpreadKind.BULL_PUT, 2850.0, ExitCode.ADVERSE),
        (SpreadKind.BULL_PUT, 2851.0, ExitCode.HOLD),
        (SpreadKind.BULL_PUT, 3300.0, ExitCode.HOLD),
        (SpreadKind.BEAR_CALL, 3150.1, ExitCode.ADVERSE),
        (SpreadKind.BEAR_CALL, 3149.0, ExitCode.HOLD),
        (SpreadKind.BEAR_CALL, 2700.0, ExitCode.HOLD),
        (SpreadKind.IRON_CONDOR, 2850.0, ExitCode.ADVERSE),
        (SpreadKind.IRON_CONDOR, 3150.1, ExitCode.ADVERSE),
    ],
)
def test_a_four_hour_return_against_the_position_is_adverse(
    kind: SpreadKind, spot: float, code: ExitCode
) -> None:
    found = decided(only(adverse_return_4h=0.05), position=position(kind), spot_usd=spot)
    assert found.code is code


def test_the_way_to_a_strike() -> None:
    put, call = PUT_LEGS[0], CALL_LEGS[0]
    assert path_done(put, 3000.0, 2850.0) == pytest.approx(0.5)
    assert path_done(put, 3000.0, 3150.0) == pytest.approx(-0.5)
    assert path_done(call, 3000.0, 3400.0) == pytest.approx(1.0)
    assert path_done(put, 2700.0, 2700.0) == 1.0
    assert path_done(put, 2600.0, 2800.0) == 0.0
    assert path_done(call, 3400.0, 3500.0) == 1.0
    assert path_done(call, 3500.0, 3300.0) == 0.0


def test_the_first_match_wins_and_all_are_listed() -> None:
    decision = decided(position=position(credit_eth=Decimal("0.0030")), dvol=90.0, spot_usd=2700.0)
    assert decision.code is ExitCode.STOP
    assert decision.matched == (ExitCode.STOP, ExitCode.VOLATILITY, ExitCode.ADVERSE)
    assert "adverse: matched" in decision.table()


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


def test_an_assumed_ask_is_never_below_the_bid() -> None:
    chain = chain_of(quotes(p2700={"ask": None, "bid": "0.0900"}))
    quote = chain.quote(name_of(PUT, 2700))
    assert quote is not None
    assert closing_cost([(PUT_LEGS[0], quote)]).natural_eth == Decimal("0.0900")


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
        assert decision.code is (decision.matched[0] if decision.matched else ExitCode.HOLD)
        assert (ExitCode.PROFIT in decision.matched) is (decision.cost_eth <= 0.5 * credit / 10_000)
        assert (ExitCode.STOP in decision.matched) is (decision.cost_eth >= 2.5 * credit / 10_000)


CHAIN = chain_of(quotes())


@given(
    factor=st.sampled_from([0.25, 0.5, 2.0, 4.0]),
    spot=st.floats(2300, 3800),
    kind=st.sampled_from(SpreadKind),
)
def test_scaling_every_usd_price_changes_no_exit(factor: float, spot: float, kind: SpreadKind) -> None:
    """By powers of two, so that the scaling itself does not round."""
    scaled_quotes = [
        quote
        | {
            "strike": repr(float(quote["strike"]) * factor),
            "underlying_price": repr(float(quote["underlying_price"]) * factor),
        }
        for quote in quotes()
    ]
    plain = position(kind)
    scaled = plain.model_copy(
        update={
            "entry_spot_usd": plain.entry_spot_usd * factor,
            "legs": tuple(
                leg.model_copy(update={"strike_usd": leg.strike_usd * factor}) for leg in plain.legs
            ),
        }
    )
    one = decided(position=plain, spot_usd=spot)
    other = decided(
        position=scaled,
        spot_usd=spot * factor,
        spot_4h_ago_usd=3000.0 * factor,
        chain=chain_of(scaled_quotes),
    )
    assert one == other


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
        "expiry: no match",
        "     dte  10.75",
        "profit: no match",
        "stop: no match",
        "volatility: matched",
        "  ok dvol_rise_pts  12 >= 12",
        "     dvol           72",
        "     entry_dvol     60",
        "delta: no match",
        "adverse: no match",
        "     return_4h  0",
    ]
