"""Rule 4 in exact detail: its checks, the ends of every range, ties, and broken quotes that stop it."""

from __future__ import annotations

from typing import Any

import pytest

from core.checks import Check, RuleResult
from core.market.option_chain import OptionChain
from core.rules.entry.strikes import Pair, choose_strikes, distance
from core.strategy import LiquiditySection, LongLegBy, LongLegSection, StrikesSection
from core.values import OptionType, SpreadKind
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
STRIKES = StrikesSection()
KINDS = {PUT: SpreadKind.BULL_PUT, CALL: SpreadKind.BEAR_CALL}


def choose(
    chain: OptionChain, kind: SpreadKind = SpreadKind.BULL_PUT, strikes: StrikesSection = STRIKES
) -> tuple[tuple[Pair, ...], RuleResult]:
    return choose_strikes(chain, kind, SPOT_USD, NOW, strikes, LiquiditySection())


def chosen(
    option_type: OptionType, grid: list[float], strikes: StrikesSection = STRIKES
) -> tuple[float, ...]:
    """The strikes of the pair chosen from a grid: short, then long."""
    pairs, _ = choose(chain_of(wire_quotes(grid, [EXPIRY])), KINDS[option_type], strikes)
    return tuple(leg.strike_usd for pair in pairs for leg in pair)


def abs_delta(option_type: OptionType, strike_usd: float) -> float:
    """Our own delta of a sound quote, to the bit."""
    quote = chain_of([wire_quote(option_type, strike_usd)]).quote(name_of(option_type, strike_usd))
    assert quote is not None
    return quote.abs_delta


def only(short_delta: float, long_delta: float | None = None) -> StrikesSection:
    """Settings whose ranges are single points: the short leg's delta and, if given, the long leg's."""
    long_leg = LongLegSection()
    if long_delta is not None:
        long_leg = LongLegSection(
            by=LongLegBy.DELTA, delta_min=long_delta, delta_target=long_delta, delta_max=long_delta
        )
    return StrikesSection(
        delta_min=short_delta, delta_target=short_delta, delta_max=short_delta, long_leg=long_leg
    )


def test_what_is_told_of_a_condor() -> None:
    quotes = wire_quotes()
    delta = {quote["instrument_name"]: pytest.approx(quote["delta"], abs=1e-12) for quote in quotes}
    _, result = choose(chain_of(quotes), SpreadKind.IRON_CONDOR)
    puts = (name_of(PUT, 2750), name_of(PUT, 2500))
    calls = (name_of(CALL, 3300), name_of(CALL, 3550))
    assert result.checks == (
        Check(code="pair", value=puts[0], op="is", threshold="a pair", passed=True, note="put"),
        Check(code="pair", value=calls[0], op="is", threshold="a pair", passed=True, note="call"),
    )
    assert result.inputs == {
        "expiry": "2026-01-23T08:00:00+00:00",
        "dte": 10.75,
        "short_put": puts[0],
        "long_put": puts[1],
        "delta_short_put": delta[puts[0]],
        "delta_long_put": delta[puts[1]],
        "width_frac_put": 250 / 3000,
        "short_call": calls[0],
        "long_call": calls[1],
        "delta_short_call": delta[calls[0]],
        "delta_long_call": delta[calls[1]],
        "width_frac_call": 250 / 3000,
    }


def test_without_an_expiry_in_range_those_that_there_are_are_told() -> None:
    expected = Check(
        code="no_expiry_in_range", value="2026-01-16 2026-01-30", op="is", threshold="one", passed=False
    )
    _, result = choose(chain_of(wire_quotes([2700], [NEAR_EXPIRY, FAR_EXPIRY])))
    assert result == RuleResult(rule="strikes", checks=(expected,))


def test_a_broken_candidate_is_told_with_all_its_faults_and_a_missing_pair_with_the_quotes_seen() -> None:
    broken = wire_quote(PUT, 2700, mark_iv=7.0, delta=0.2)
    _, result = choose(chain_of([broken, wire_quote(PUT, 2900)]))
    assert result == RuleResult(
        rule="strikes",
        checks=(
            Check(
                code="broken_candidate",
                value="iv_out_of_range delta_sign",
                op="is",
                threshold="sound",
                passed=False,
                note=name_of(PUT, 2700),
            ),
            Check(
                code="no_short_in_delta_range",
                value=2,
                op="is",
                threshold="a pair",
                passed=False,
                note="put",
            ),
        ),
        inputs={"expiry": "2026-01-23T08:00:00+00:00", "dte": 10.75},
    )


@pytest.mark.parametrize(("option_type", "short", "long"), [(PUT, 2700, 2500), (CALL, 3300, 3500)])
def test_a_delta_at_both_ends_of_its_range_is_in_it(
    option_type: OptionType, short: float, long: float
) -> None:
    strikes = only(abs_delta(option_type, short), abs_delta(option_type, long))
    assert chosen(option_type, [*range(2200, 3900, 50)], strikes) == (short, long)


@pytest.mark.parametrize(("option_type", "strike"), [(PUT, 2700), (CALL, 3300)])
def test_no_quote_is_both_legs_of_a_pair(option_type: OptionType, strike: float) -> None:
    """If the long leg is chosen by its delta, its range may overlap the short leg's."""
    strikes = StrikesSection(long_leg=LongLegSection(by=LongLegBy.DELTA, delta_max=0.25))
    assert chosen(option_type, [strike], strikes) == ()


@pytest.mark.parametrize(
    ("short_changes", "long_changes", "passes"),
    [
        ({"ask_size": 0.5}, {"bid_size": 0.5}, True),
        ({"bid_size": 0.5}, {}, False),
        ({}, {"ask_size": 0.5}, False),
        ({}, {"bid": "0.0040", "ask": "0.0050"}, True),
        ({"bid": "0.0100", "ask": "0.0125"}, {}, False),
    ],
)
def test_each_leg_of_a_pair_is_liquid_on_the_side_that_it_is_traded_on(
    short_changes: dict[str, Any], long_changes: dict[str, Any], passes: bool
) -> None:
    """A spread of 22 % of mid is narrow enough to buy and too wide to sell."""
    changes = {name_of(PUT, 2700): short_changes, name_of(PUT, 2460): long_changes}
    _, result = choose(chain_of(altered(wire_quotes([2700, 2460], [EXPIRY]), changes)))
    assert result.reasons == (() if passes else ("no_liquid_pair:put",))


def test_distance_counts_a_width_that_misses_its_target() -> None:
    """300 USD are 0.10 of spot: one scale of 0.02 beyond 0.08."""
    long, short = chain_of(wire_quotes([2700, 2400], [EXPIRY])).side(EXPIRY, PUT)
    expected = abs(short.abs_delta - 0.20) / 0.05 + 1.0
    assert distance(Pair(short, long), SPOT_USD, STRIKES) == pytest.approx(expected)


def test_a_small_part_of_a_scale_decides_before_nearness_to_spot() -> None:
    """Widths of 265 and 210 USD miss 240 by 0.42 and 0.5 of a scale."""
    assert chosen(PUT, [2750, 2540, 2485]) == (2750, 2485)


@pytest.mark.parametrize(
    ("option_type", "grid", "nearest"),
    [(PUT, [2700, 2750, 2460, 2510], (2750, 2510)), (CALL, [3350, 3300, 3590, 3540], (3300, 3540))],
)
def test_of_two_shorts_as_far_from_the_target_the_one_nearest_spot_is_sold(
    option_type: OptionType, grid: list[float], nearest: tuple[float, float]
) -> None:
    """Each short with its long has the target width, and the target delta lies midway between the two."""
    midway = (abs_delta(option_type, grid[0]) + abs_delta(option_type, grid[1])) / 2
    assert chosen(option_type, grid, StrikesSection(delta_target=midway)) == nearest


@pytest.mark.parametrize(
    ("option_type", "grid", "nearest"),
    [(PUT, [2700, 2400, 2520], (2700, 2520)), (CALL, [3300, 3600, 3480], (3300, 3480))],
)
def test_of_two_longs_as_far_from_the_target_the_one_nearest_spot_is_bought(
    option_type: OptionType, grid: list[float], nearest: tuple[float, float]
) -> None:
    """Widths of 300 and 180 USD are one scale from 240."""
    assert chosen(option_type, grid) == nearest


def stopped_by(option_type: OptionType, sound: list[float], strike: float, strikes: StrikesSection) -> bool:
    """Whether a broken quote at `strike`, among sound ones, is named as a candidate."""
    quotes = [*wire_quotes(sound, [EXPIRY]), wire_quote(option_type, strike, mark_iv=7.0)]
    _, result = choose(chain_of(quotes), KINDS[option_type], strikes)
    return f"broken_candidate:{name_of(option_type, strike)}" in result.reasons


@pytest.mark.parametrize(
    ("option_type", "grid", "inside", "outside"),
    [
        (PUT, [2650, 2700, 2750], (2291, 2599, 2651, 2699, 2701, 2749), (2290, 2600, 2649, 2751)),
        (CALL, [3250, 3300, 3350], (3251, 3299, 3301, 3349, 3401, 3709), (3249, 3351, 3400, 3710)),
    ],
)
def test_the_zones_end_at_sound_strikes_and_at_the_least_and_greatest_width(
    option_type: OptionType, grid: list[float], inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    """Only the middle strike has the delta: a short lies between its neighbours, a long 150 to 360 USD out.

    Between the two zones is a gap: a long there would be too near any short.
    """
    strikes = only(abs_delta(option_type, grid[1]))
    found = {strike: stopped_by(option_type, grid, strike, strikes) for strike in (*inside, *outside)}
    assert found == dict.fromkeys(inside, True) | dict.fromkeys(outside, False)


@pytest.mark.parametrize(("option_type", "strike"), [(PUT, 2700), (CALL, 3300)])
def test_without_a_sound_strike_to_end_it_a_zone_holds_every_strike(
    option_type: OptionType, strike: float
) -> None:
    strikes = StrikesSection(long_leg=LongLegSection(by=LongLegBy.DELTA))
    assert all(stopped_by(option_type, [strike], broken, strikes) for broken in (1, 100_000))
