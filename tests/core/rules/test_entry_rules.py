"""Rules 1 to 3: blocked, usable inputs, market, bias; exact cases at every edge."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checks import holds
from core.market.observations import HourlyClose, Level, MacroEvent, MeanFunding
from core.market.statistics import history_faults, median_funding_frac, r30_frac, rv14_pct
from core.rules.entry.bias import choose_bias, forced_bias
from core.rules.entry.blocked import check_blocked
from core.rules.entry.inputs import check_inputs
from core.rules.entry.market import check_market
from core.strategy import BiasSection, EntrySection, Strategy
from core.values import SpreadKind
from tests.core.example_market import (
    CLOSES,
    EXPIRY,
    NOW,
    STRATEGY,
    altered,
    chain_of,
    entry_facts,
    wire_quotes,
)


def funding(venue: str, rate: float, *, age_h: float = 1.0) -> MeanFunding:
    return MeanFunding(venue=venue, annualised_frac=rate, as_of=NOW - timedelta(hours=age_h))


def event(hours: float, **changes: Any) -> MacroEvent:
    fields = {
        "name": "FOMC",
        "country": "US",
        "importance": Level.HIGH,
        "scheduled_at": NOW + timedelta(hours=hours),
    }
    return MacroEvent(**(fields | changes))


def market_reasons(strategy: Strategy = STRATEGY, **changes: Any) -> tuple[str, ...]:
    return check_market(entry_facts(**changes), strategy).reasons


def test_nothing_blocks_a_ready_engine() -> None:
    assert check_blocked(entry_facts().engine, STRATEGY).reasons == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"armed": True}, "kill_switch_armed"),
        ({"suspended_reasons": ("feed_parked",)}, "suspended:feed_parked"),
        ({"open_positions": 1}, "max_open_positions"),
        ({"orders_in_doubt": 1}, "orders_in_doubt"),
        ({"strategy_enabled": False}, "strategy_disabled"),
    ],
)
def test_each_block_is_a_reason(changes: dict[str, Any], reason: str) -> None:
    assert check_blocked(entry_facts(**changes).engine, STRATEGY).reasons == (reason,)


def test_all_blocks_are_reported_together() -> None:
    result = check_blocked(
        entry_facts(
            armed=True,
            suspended_reasons=("a", "b"),
            open_positions=2,
            orders_in_doubt=3,
            strategy_enabled=False,
        ).engine,
        STRATEGY,
    )
    assert result.reasons == (
        "kill_switch_armed",
        "suspended:a",
        "suspended:b",
        "max_open_positions",
        "orders_in_doubt",
        "strategy_disabled",
    )


def test_usable_inputs_pass_and_say_how_many_quotes_there_were() -> None:
    result = check_inputs(entry_facts(), STRATEGY)
    assert result.passed
    assert result.inputs["quotes"] == len(wire_quotes())
    assert result.inputs["broken"] == 0


def test_inputs_name_everything_that_is_missing_and_what_was_expected() -> None:
    result = check_inputs(entry_facts(chain=None, funding=(), index_hourly_closes=CLOSES[:700]), STRATEGY)
    assert result.reasons == ("index_history_short", "funding_missing", "chain_missing")
    assert result.table().splitlines() == [
        "data whole: refused",
        "  NO only 700 hourly closes of the index  [index_history_short]",
        "  NO no exchange's funding is known       [funding_missing]",
        "  NO the option chain is missing          [chain_missing]",
        "     hourly closes of the index           700",
        "     exchanges with funding               0",
    ]


def broken_chain(count: int) -> Any:
    quotes = wire_quotes(range(2000, 4000, 100), (EXPIRY,))
    names = [quote["instrument_name"] for quote in quotes][:count]
    return chain_of(altered(quotes, {name: {"mark_iv": 7.0} for name in names}))


@pytest.mark.parametrize(("count", "passed"), [(2, True), (3, False)])
def test_a_chain_may_be_broken_up_to_five_percent(count: int, passed: bool) -> None:
    result = check_inputs(entry_facts(chain=broken_chain(count)), STRATEGY)
    assert result.passed is passed
    assert result.inputs["broken_iv_out_of_range"] == count


@pytest.mark.parametrize(
    ("closes", "faults"),
    [
        (CLOSES, ()),
        (CLOSES[1:], ()),
        (CLOSES[2:], ("index_history_short",)),
        ((*CLOSES[:100], *CLOSES[101:]), ("index_history_gap",)),
        (CLOSES[:-1], ()),
    ],
)
def test_index_history_must_be_721_hours_without_a_gap(
    closes: tuple[HourlyClose, ...], faults: tuple[str, ...]
) -> None:
    assert history_faults(closes, NOW, latest=NOW) == faults


@pytest.mark.parametrize(("hours", "current"), [(-0.1, False), (0.0, True), (2.0, True), (2.1, False)])
def test_index_history_must_reach_the_present(hours: float, current: bool) -> None:
    later = NOW + timedelta(hours=hours)
    found = history_faults(CLOSES, later, latest=later)
    assert found == (() if current else ("index_history_not_current",))


def test_rv14_of_alternating_returns_is_their_size_annualised() -> None:
    closes = tuple(
        HourlyClose(at=NOW - timedelta(hours=hours), close_usd=3000.0 * (1.01 if hours % 2 else 1.0))
        for hours in range(721, -1, -1)
    )
    assert rv14_pct(closes) == pytest.approx(100.0 * math.sqrt(8760) * math.log(1.01), rel=1e-12)


def test_rv14_reads_only_the_last_336_returns() -> None:
    wild = tuple(
        HourlyClose(at=close.at, close_usd=close.close_usd * (2.0 if i % 2 else 1.0))
        for i, close in enumerate(CLOSES[:-337])
    )
    assert rv14_pct(wild + CLOSES[-337:]) == rv14_pct(CLOSES)
    assert rv14_pct((*wild, wild[-1], *CLOSES[-336:])) != rv14_pct(CLOSES)


def test_r30_takes_the_close_720_hours_before_now() -> None:
    base = CLOSES[-721].close_usd
    assert r30_frac(3000.0, CLOSES, NOW) == 3000.0 / base - 1.0
    assert r30_frac(3000.0, CLOSES, NOW + timedelta(minutes=59)) == 3000.0 / base - 1.0
    assert r30_frac(3000.0, CLOSES, NOW + timedelta(hours=1)) == 3000.0 / CLOSES[-720].close_usd - 1.0


def test_funding_is_the_median_of_the_venues_that_are_fresh() -> None:
    rates = (
        funding("a", 0.1),
        funding("b", 0.3),
        funding("c", 0.9, age_h=9.1),
        funding("d", -0.5, age_h=-0.1),
    )
    assert median_funding_frac(rates, NOW, 9.0, latest=NOW) == pytest.approx(0.2)
    assert median_funding_frac((funding("a", 0.1, age_h=9.0),), NOW, 9.0, latest=NOW) == 0.1
    assert median_funding_frac((), NOW, 9.0, latest=NOW) is None


def test_a_calm_market_passes() -> None:
    assert market_reasons() == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"equity_usd": 19_999.99}, "capital_below_min"),
        ({"dvol": 39.9, "dvol_24h_ago": 39.9}, "dvol_below_min"),
        ({"dvol": 85.1, "dvol_24h_ago": 85.1}, "dvol_above_max"),
        ({"dvol": 72.9, "dvol_24h_ago": 65.0}, "dvol_day_change"),
        ({"funding": (funding("a", 0.81),)}, "funding_extreme"),
        ({"funding": (funding("a", -0.81),)}, "funding_extreme"),
        ({"eth_share": 0.301}, "eth_share"),
        ({"liquidation_level": Level.HIGH}, "liquidation_pressure"),
        ({"macro_events": (event(54.0),)}, "macro_event:FOMC"),
        ({"macro_events": (event(-2.0),)}, "macro_event:FOMC"),
    ],
)
def test_each_market_filter_is_a_reason(changes: dict[str, Any], reason: str) -> None:
    assert market_reasons(EASY, **changes) == (reason,)


EASY = Strategy(entry=EntrySection(vrp_min_pts=-50.0))


@pytest.mark.parametrize(
    "changes",
    [
        {"equity_usd": 20_000.0},
        {"dvol": 40.0, "dvol_24h_ago": 40.0},
        {"dvol": 85.0, "dvol_24h_ago": 85.0},
        {"dvol": 72.7, "dvol_24h_ago": 65.0},
        {"dvol": 50.0, "dvol_24h_ago": 80.0},
        {"funding": (funding("a", -0.80),)},
        {"eth_share": 0.30},
        {"liquidation_level": Level.MEDIUM},
        {
            "macro_events": (
                event(54.01),
                event(-2.01),
                event(1, importance=Level.MEDIUM),
                event(1, country="DE"),
            )
        },
    ],
)
def test_ranges_are_inclusive_and_other_events_do_not_count(changes: dict[str, Any]) -> None:
    assert market_reasons(EASY, **changes) == ()


def test_the_premium_over_realised_volatility_must_be_there() -> None:
    rv14 = rv14_pct(CLOSES)
    assert market_reasons(dvol=rv14, dvol_24h_ago=rv14) == ()
    assert market_reasons(dvol=rv14 - 0.01, dvol_24h_ago=rv14) == ("vrp_below_min",)


def test_every_event_in_the_window_is_named_with_its_time_in_order_of_time() -> None:
    events = (event(30, name="CPI"), event(20, name="FOMC"))
    checks = check_market(entry_facts(macro_events=events), STRATEGY).checks
    assert [check for check in checks if check.code == "macro_event"] == [
        holds("macro_event", False, "2026-01-13T10:00:00+00:00", "none", "FOMC"),
        holds("macro_event", False, "2026-01-13T20:00:00+00:00", "none", "CPI"),
    ]


def test_market_without_funding_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="funding") as refused:
        check_market(entry_facts(funding=()), STRATEGY)
    assert str(refused.value) == "funding: expected at least one usable venue; check_inputs comes first"


@pytest.mark.parametrize(
    ("r30", "rate", "dvol", "kind"),
    [
        (0.05, 0.0, 45.0, SpreadKind.BULL_PUT),
        (0.05, -0.19, 45.0, SpreadKind.BULL_PUT),
        (0.05, 0.79, 45.0, SpreadKind.BULL_PUT),
        (-0.05, 0.19, 45.0, SpreadKind.BEAR_CALL),
        (-0.05, -0.79, 45.0, SpreadKind.BEAR_CALL),
        (0.049, 0.19, 55.0, SpreadKind.IRON_CONDOR),
        (-0.049, -0.19, 85.0, SpreadKind.IRON_CONDOR),
        (0.05, -0.20, 60.0, None),
        (-0.05, 0.20, 60.0, None),
        (0.0, 0.20, 60.0, None),
        (0.0, -0.20, 60.0, None),
        (0.0, 0.0, 54.9, None),
    ],
)
def test_bias_by_trend_funding_and_dvol(
    r30: float, rate: float, dvol: float, kind: SpreadKind | None
) -> None:
    chosen, result = choose_bias(r30, rate, dvol, BiasSection())
    assert chosen is kind
    assert result.passed is (kind is not None)


def test_a_refused_condor_names_both_conditions() -> None:
    _, result = choose_bias(0.01, 0.3, 50.0, BiasSection())
    assert result.reasons == ("funding_not_calm", "dvol_low_for_condor")
    _, result = choose_bias(0.06, -0.3, 50.0, BiasSection())
    assert result.reasons == ("funding_against_trend",)


def test_a_forced_bias_says_so() -> None:
    result = forced_bias(SpreadKind.BEAR_CALL)
    assert result.table() == "direction: passed\n  ok a person chose bear_call"


@pytest.mark.parametrize(
    ("r30", "branch", "checks"),
    [
        (0.06, "bull_put", [("funding_against_trend", 0.1, ">", -0.2)]),
        (-0.06, "bear_call", [("funding_against_trend", 0.1, "<", 0.2)]),
        (
            0.01,
            "iron_condor",
            [("funding_not_calm", 0.1, "<", 0.2), ("dvol_low_for_condor", 60.0, ">=", 55.0)],
        ),
    ],
)
def test_bias_shows_its_branch_and_every_comparison(
    r30: float, branch: str, checks: list[tuple[object, ...]]
) -> None:
    _, result = choose_bias(r30, 0.1, 60.0, BiasSection())
    assert [(c.code, c.value, c.op, c.threshold) for c in result.checks] == checks
    assert result.inputs == {"r30_frac": r30, "funding_frac": 0.1, "dvol": 60.0, "branch": branch}


@given(r30=st.floats(-0.9, 2.0), rate=st.floats(-1.0, 1.0), dvol=st.floats(10.0, 200.0))
def test_bias_never_sells_puts_in_a_fall_or_calls_in_a_rise(r30: float, rate: float, dvol: float) -> None:
    kind, _ = choose_bias(r30, rate, dvol, BiasSection())
    if kind is SpreadKind.BULL_PUT:
        assert r30 >= 0.05
        assert rate > -0.20
    if kind is SpreadKind.BEAR_CALL:
        assert r30 <= -0.05
        assert rate < 0.20


@given(
    equity=st.floats(0, 1e6),
    dvol=st.floats(20, 120),
    before=st.floats(20, 120),
    share=st.floats(0, 1),
    rate=st.floats(-2, 2),
    level=st.sampled_from(Level),
    hours=st.lists(st.floats(-10, 100), max_size=3),
)
def test_market_reasons_are_exactly_the_true_ones(
    equity: float, dvol: float, before: float, share: float, rate: float, level: Level, hours: list[float]
) -> None:
    """Restates every filter by itself and compares the sets."""
    events = tuple(event(offset, name=f"E{i}") for i, offset in enumerate(hours))
    facts = entry_facts(
        equity_usd=equity,
        dvol=dvol,
        dvol_24h_ago=before,
        eth_share=share,
        funding=(funding("a", rate),),
        liquidation_level=level,
        macro_events=events,
        chain=None,
    )
    expected = {
        "capital_below_min": equity < 20_000,
        "dvol_below_min": dvol < 40,
        "dvol_above_max": dvol > 85,
        "dvol_day_change": dvol / before - 1.0 > 0.12,
        "vrp_below_min": dvol - rv14_pct(CLOSES) < 0,
        "funding_extreme": not -0.8 <= rate <= 0.8,
        "eth_share": share > 0.3,
        "liquidation_pressure": level == "high",
    } | {
        f"macro_event:{e.name}": NOW - timedelta(hours=2) <= e.scheduled_at <= NOW + timedelta(hours=54)
        for e in events
    }
    assert set(check_market(facts, STRATEGY).reasons) == {code for code, true in expected.items() if true}
