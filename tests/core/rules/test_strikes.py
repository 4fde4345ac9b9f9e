"""Rules 4 and 7: expiry, pairs of strikes, liquidity of legs, and broken quotes among the candidates."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checks import Check, RuleResult
from core.market.option_chain import OptionChain, Quote
from core.rules.entry.liquidity import check_liquidity, is_liquid, leg_checks
from core.rules.entry.strikes import (
    Pair,
    choose_expiry,
    choose_strikes,
    distance,
    dte_days,
    has_broken_candidate,
)
from core.strategy import LiquiditySection, LongLegBy, LongLegSection, StrikesSection
from core.values import OptionType, Side, SpreadKind
from tests.core.example_market import (
    EXPIRY,
    FAR_EXPIRY,
    NEAR_EXPIRY,
    NOW,
    SPOT_USD,
    altered,
    chain_of,
    name_of,
    wire_quote,
    wire_quotes,
)

PUT, CALL = OptionType.PUT, OptionType.CALL
STRIKES, LIQUIDITY = StrikesSection(), LiquiditySection()
BY_DELTA = StrikesSection(long_leg=LongLegSection(by=LongLegBy.DELTA))


def choose(
    chain: OptionChain, kind: SpreadKind = SpreadKind.BULL_PUT, strikes: StrikesSection = STRIKES
) -> tuple[tuple[Pair, ...], RuleResult]:
    return choose_strikes(chain, kind, SPOT_USD, NOW, strikes, LIQUIDITY)


def quote_of(**changes: Any) -> Quote:
    quote = chain_of([wire_quote(PUT, 2700, **changes)]).quote(name_of(PUT, 2700))
    assert quote is not None
    return quote


def in_days(*days: float) -> list[Any]:
    return [NOW + timedelta(days=value) for value in days]


@pytest.mark.parametrize(
    ("days", "chosen"),
    [
        ((3.75, 10.75, 17.75), 10.75),
        ((9.0, 15.0), 9.0),
        ((8.9, 15.0), 15.0),
        ((9.5, 12.0, 14.0), 12.0),
        ((10.0, 12.0), 10.0),
        ((12.0, 10.0), 10.0),
        ((8.99, 15.01), None),
        ((), None),
    ],
)
def test_the_expiry_nearest_eleven_days_within_nine_and_fifteen(
    days: tuple[float, ...], chosen: float | None
) -> None:
    found = choose_expiry(in_days(*days), NOW, STRIKES)
    assert found == (None if chosen is None else NOW + timedelta(days=chosen))


def test_monday_afternoon_takes_next_weeks_friday() -> None:
    assert choose_expiry([NEAR_EXPIRY, EXPIRY, FAR_EXPIRY], NOW, STRIKES) == EXPIRY
    assert dte_days(NOW, EXPIRY) == 10.75


def brute_force(chain: OptionChain, option_type: OptionType) -> tuple[str, str] | None:
    """An independent search over all pairs of the expiry."""
    best: tuple[tuple[float, float, float], tuple[str, str]] | None = None
    quotes = [quote for quote in chain.side(EXPIRY, option_type) if not quote.faults]
    for short in quotes:
        for long in quotes:
            outward = (
                short.strike_usd - long.strike_usd
                if option_type is PUT
                else long.strike_usd - short.strike_usd
            )
            width = outward / SPOT_USD
            if not (0.15 <= abs(short.delta) <= 0.25 and 0.05 <= width <= 0.12):
                continue
            if not (
                is_liquid(short, Side.SELL, 1, NOW, LIQUIDITY)
                and is_liquid(long, Side.BUY, 1, NOW, LIQUIDITY)
            ):
                continue
            score = abs(abs(short.delta) - 0.20) / 0.05 + abs(width - 0.08) / 0.02
            key = (round(score, 9), abs(short.strike_usd - SPOT_USD), abs(long.strike_usd - SPOT_USD))
            if best is None or key < best[0]:
                best = (key, (short.instrument_name, long.instrument_name))
    return best and best[1]


@given(data=st.data(), kind=st.sampled_from([SpreadKind.BULL_PUT, SpreadKind.BEAR_CALL]))
def test_the_pair_is_the_best_of_all(data: st.DataObject, kind: SpreadKind) -> None:
    option_type = PUT if kind is SpreadKind.BULL_PUT else CALL
    strikes = data.draw(st.sets(st.sampled_from(range(2200, 3900, 25)), min_size=2, max_size=30))
    illiquid = data.draw(st.sets(st.sampled_from(sorted(strikes)), max_size=5))
    quotes = altered(
        wire_quotes(strikes, [EXPIRY]),
        {name_of(option_type, strike): {"volume_24h": 1.0} for strike in illiquid},
    )
    chain = chain_of(quotes)
    pairs, result = choose(chain, kind)
    expected = brute_force(chain, option_type)
    assert result.passed is (expected is not None)
    found = [(pair.short.instrument_name, pair.long.instrument_name) for pair in pairs]
    assert found == ([] if expected is None else [expected])


@pytest.mark.parametrize("long", [2550, 2340])
def test_a_width_of_exactly_its_minimum_or_maximum_fits(long: int) -> None:
    """150 and 360 USD are 0.05 and 0.12 of 3000."""
    assert len(choose(chain_of(wire_quotes([2700, long])))[0]) == 1


def test_the_long_leg_is_held_to_the_range_that_it_is_chosen_by_and_no_other() -> None:
    """At 2460 the width is 0.08 of spot; the long leg's delta is well above 0.02."""
    chain = chain_of(wire_quotes([2700, 2460]))
    far_out = {"delta_min": 0.01, "delta_target": 0.01, "delta_max": 0.02}
    by_width = StrikesSection(long_leg=LongLegSection(by=LongLegBy.WIDTH, **far_out))
    assert len(choose(chain, strikes=by_width)[0]) == 1
    by_delta = StrikesSection(long_leg=LongLegSection(by=LongLegBy.DELTA, **far_out))
    assert choose(chain, strikes=by_delta)[1].reasons == ("no_long_leg_in_range:put",)


def test_a_condor_takes_the_pair_of_each_side() -> None:
    chain = chain_of(wire_quotes())
    condor, result = choose(chain, SpreadKind.IRON_CONDOR)
    assert result.passed
    put, _ = choose(chain, SpreadKind.BULL_PUT)
    call, _ = choose(chain, SpreadKind.BEAR_CALL)
    shorts = [pair.short.instrument_name for pair in condor]
    assert shorts == [put[0].short.instrument_name, call[0].short.instrument_name]
    assert condor[0].long.strike_usd < condor[0].short.strike_usd < SPOT_USD
    assert condor[1].long.strike_usd > condor[1].short.strike_usd > SPOT_USD
    assert [(check.reason, check.value, check.threshold) for check in result.checks] == [
        ("pair:put", shorts[0], "a pair"),
        ("pair:call", shorts[1], "a pair"),
    ]
    described = {name for name in result.inputs if name.endswith(("_put", "_call"))}
    parts = ("short", "long", "delta_short", "delta_long", "width_frac")
    assert described == {f"{part}_{side}" for part in parts for side in ("put", "call")}
    assert result.inputs["short_put"] == shorts[0]


def test_a_condor_without_one_side_is_refused_and_names_the_side() -> None:
    quotes = [q for q in wire_quotes() if q["option_type"] == "put" or float(q["strike"]) < 3000]
    pairs, result = choose(chain_of(quotes), SpreadKind.IRON_CONDOR)
    assert pairs == ()
    assert result.reasons == ("no_short_in_delta_range:call",)


def test_no_expiry_in_range_is_a_reason() -> None:
    pairs, result = choose(chain_of(wire_quotes(expirations=(NEAR_EXPIRY, FAR_EXPIRY))))
    assert (pairs, result.reasons) == ((), ("no_expiry_in_range",))


@pytest.mark.parametrize(
    ("strikes", "reason"),
    [
        ([2900, 3000], "no_short_in_delta_range:put"),
        ([2750, 2700], "no_long_leg_in_range:put"),
        ([2750, 2000], "no_long_leg_in_range:put"),
    ],
)
def test_the_strike_grid_may_leave_no_pair(strikes: Iterable[float], reason: str) -> None:
    _, result = choose(chain_of(wire_quotes(strikes, [EXPIRY])))
    assert result.reasons == (reason,)


def test_no_liquid_pair_is_a_reason() -> None:
    _, result = choose(chain_of(wire_quotes(expirations=[EXPIRY], open_interest=249.0)))
    assert result.reasons == ("no_liquid_pair:put",)


def test_the_long_leg_may_be_chosen_by_its_own_delta() -> None:
    pairs, result = choose(chain_of(wire_quotes()), strikes=BY_DELTA)
    assert result.passed
    long = pairs[0].long
    assert 0.05 <= long.abs_delta <= 0.15
    others = [q for q in chain_of(wire_quotes()).side(EXPIRY, PUT) if 0.05 <= q.abs_delta <= 0.15]
    assert abs(long.abs_delta - 0.10) == min(abs(q.abs_delta - 0.10) for q in others)


def test_distance_counts_delta_and_width_in_their_scales() -> None:
    chain = chain_of(wire_quotes([2700, 2460], [EXPIRY]))
    puts = chain.side(EXPIRY, PUT)
    pair = Pair(puts[1], puts[0])
    assert pair.width_usd == 240.0
    assert distance(pair, SPOT_USD, STRIKES) == pytest.approx(abs(puts[1].abs_delta - 0.20) / 0.05)
    expected = abs(puts[1].abs_delta - 0.20) / 0.05 + abs(puts[0].abs_delta - 0.10) / 0.05
    assert distance(pair, SPOT_USD, BY_DELTA) == pytest.approx(expected)


def test_permuting_the_chain_changes_nothing() -> None:
    quotes = wire_quotes()
    shuffled = random.Random(3).sample(quotes, len(quotes))
    assert (
        choose(chain_of(quotes), SpreadKind.IRON_CONDOR)[1]
        == choose(chain_of(shuffled), SpreadKind.IRON_CONDOR)[1]
    )


def broken_at(
    option_type: OptionType, strike: float, kind: SpreadKind, strikes: StrikesSection = STRIKES
) -> bool:
    chain = chain_of(altered(wire_quotes(), {name_of(option_type, strike): {"mark_iv": 7.0}}))
    pairs, result = choose(chain, kind, strikes)
    named = f"broken_candidate:{name_of(option_type, strike)}" in result.reasons
    assert named is has_broken_candidate(result)
    assert named is (pairs == ())
    return named


def candidates(option_type: OptionType, strikes: StrikesSection = STRIKES) -> set[float]:
    """Strikes whose broken quote stops the cycle."""
    kind = SpreadKind.BULL_PUT if option_type is PUT else SpreadKind.BEAR_CALL
    return {strike for strike in range(2200, 3900, 50) if broken_at(option_type, strike, kind, strikes)}


def test_a_broken_quote_stops_the_cycle_only_where_it_could_be_a_leg() -> None:
    """The strikes in the delta range, one beyond each end, and the longs 5 to 12 % of spot further out."""
    sound = chain_of(wire_quotes()).side(EXPIRY, PUT)
    in_range = {q.strike_usd for q in sound if 0.15 <= q.abs_delta <= 0.25}
    lowest, highest = min(in_range), max(in_range)
    found = candidates(PUT)
    assert in_range <= found
    assert {s for s in range(2200, 3900, 50) if lowest - 360 <= s <= highest - 150} <= found
    assert all(lowest - 50 - 360 < strike <= highest + 50 for strike in found)


def test_the_zone_of_calls_mirrors_that_of_puts() -> None:
    sound = chain_of(wire_quotes()).side(EXPIRY, CALL)
    in_range = {q.strike_usd for q in sound if 0.15 <= q.abs_delta <= 0.25}
    found = candidates(CALL)
    assert in_range <= found
    assert {s for s in range(2200, 3900, 50) if min(in_range) + 150 <= s <= max(in_range) + 360} <= found
    assert all(min(in_range) - 50 <= strike < max(in_range) + 50 + 360 for strike in found)


def test_with_the_long_leg_by_delta_its_own_range_is_the_zone() -> None:
    sound = chain_of(wire_quotes()).side(EXPIRY, PUT)
    longs = {q.strike_usd for q in sound if 0.05 <= q.abs_delta <= 0.15}
    found = candidates(PUT, BY_DELTA)
    assert longs <= found
    assert min(found) == min(longs) - 50


def test_a_broken_quote_on_the_other_side_is_dropped() -> None:
    assert not broken_at(CALL, 3300, SpreadKind.BULL_PUT)
    assert broken_at(CALL, 3300, SpreadKind.IRON_CONDOR)


def test_a_chain_with_only_broken_candidates_still_names_them() -> None:
    _, result = choose(chain_of(wire_quotes([2700], [EXPIRY], mark_iv=7.0)))
    assert result.reasons == (f"broken_candidate:{name_of(PUT, 2700)}", "no_short_in_delta_range:put")


@pytest.mark.parametrize(
    ("changes", "side", "code"),
    [
        ({"open_interest": 249.9}, Side.SELL, "open_interest_low"),
        ({"volume_24h": 9.9}, Side.SELL, "volume_low"),
        ({"bid_size": 2.9}, Side.SELL, "touch_size_small"),
        ({"ask_size": 2.9}, Side.BUY, "touch_size_small"),
        ({"bid": "0.0100", "ask": "0.0120"}, Side.SELL, "spread_too_wide"),
        ({"bid": "0.0100", "ask": "0.0130"}, Side.BUY, "spread_too_wide"),
        ({"bid": None}, Side.BUY, "one_sided"),
        ({"ask": None}, Side.SELL, "one_sided"),
    ],
)
def test_each_want_of_liquidity_is_a_reason(changes: dict[str, Any], side: Side, code: str) -> None:
    quote = quote_of(**changes)
    result = check_liquidity([(quote, side)], 3, NOW, LIQUIDITY)
    assert result.reasons == (f"{code}:{quote.instrument_name}",)
    assert not is_liquid(quote, side, 3, NOW, LIQUIDITY)


def test_every_check_of_every_leg_is_told_with_its_numbers() -> None:
    short, long = quote_of(bid=None), quote_of(open_interest=900.0, bid="0.0120", ask="0.0130")
    name = short.instrument_name

    def compared(code: str, value: float, op: str, threshold: float) -> Check:
        return Check(code=code, value=value, op=op, threshold=threshold, passed=True, note=name)

    result = check_liquidity([(short, Side.SELL), (long, Side.BUY)], 3, NOW, LIQUIDITY)
    assert result == RuleResult(
        rule="liquidity",
        checks=(
            compared("open_interest_low", 1000.0, ">=", 250.0),
            compared("volume_low", 100.0, ">=", 10.0),
            compared("touch_size_small", 25.0, ">=", 3),
            compared("quote_too_old", 0.0, "<=", 60.0),
            Check(
                code="one_sided", value="one-sided", op="is", threshold="two-sided", passed=False, note=name
            ),
            compared("open_interest_low", 900.0, ">=", 250.0),
            compared("volume_low", 100.0, ">=", 10.0),
            compared("touch_size_small", 25.0, ">=", 3),
            compared("quote_too_old", 0.0, "<=", 60.0),
            compared("spread_too_wide", 2.0 * (0.0130 - 0.0120) / (0.0130 + 0.0120), "<=", 0.25),
        ),
        inputs={"contracts": 3},
    )


@pytest.mark.parametrize(
    ("changes", "side"),
    [
        ({"open_interest": 250.0, "volume_24h": 10.0, "bid_size": 3.0}, Side.SELL),
        ({"ask_size": 3.0, "bid_size": 0.0}, Side.BUY),
        ({"bid": "0.0185", "ask": "0.0215"}, Side.SELL),
        ({"bid": "0.0070", "ask": "0.0090"}, Side.BUY),
    ],
)
def test_the_edges_of_liquidity_are_liquid(changes: dict[str, Any], side: Side) -> None:
    quote = quote_of(**changes)
    assert check_liquidity([(quote, side)], 3, NOW, LIQUIDITY).passed
    assert is_liquid(quote, side, 3, NOW, LIQUIDITY)


def test_a_quote_may_be_a_minute_old() -> None:
    quote = quote_of()
    assert is_liquid(quote, Side.SELL, 1, NOW + timedelta(seconds=60), LIQUIDITY)
    later = NOW + timedelta(seconds=60.5)
    assert not is_liquid(quote, Side.SELL, 1, later, LIQUIDITY)
    assert check_liquidity([(quote, Side.SELL)], 1, later, LIQUIDITY).reasons == (
        f"quote_too_old:{quote.instrument_name}",
    )


@given(
    interest=st.floats(0, 500),
    volume=st.floats(0, 20),
    size=st.floats(0, 6),
    age=st.floats(0, 120),
    bid=st.sampled_from([None, "0.0100", "0.0105", "0.0110"]),
    ask=st.sampled_from([None, "0.0110", "0.0125", "0.0140"]),
    side=st.sampled_from(Side),
    contracts=st.integers(1, 5),
)
def test_the_verdict_of_the_search_is_that_of_the_checks(
    interest: float,
    volume: float,
    size: float,
    age: float,
    bid: str | None,
    ask: str | None,
    side: Side,
    contracts: int,
) -> None:
    quote = quote_of(
        open_interest=interest, volume_24h=volume, bid_size=size, ask_size=size, bid=bid, ask=ask
    )
    now = NOW + timedelta(seconds=age)
    checks = leg_checks(quote, side, contracts, now, LIQUIDITY)
    assert is_liquid(quote, side, contracts, now, LIQUIDITY) is all(check.passed for check in checks)
