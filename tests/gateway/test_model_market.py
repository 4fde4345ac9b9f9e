"""The model market as a source: a function of seed and time, with quotes a trader would recognise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.values import OptionType
from gateway.paper.instruments import option
from gateway.paper.model_market import DAY_ZERO, HOUR, PATH_START, R30, ModelMarket
from gateway.paper.smile import ladder, stress_of
from gateway.paper.ticks import is_on_grid
from gateway.paper.us_calendar import us_events

MONDAY = DAY_ZERO + timedelta(hours=14)


@pytest.fixture(scope="module")
def market() -> ModelMarket:
    return ModelMarket(7)


def test_does_not_depend_on_what_was_asked_before(market: ModelMarket) -> None:
    asked_late = ModelMarket(7)
    later = MONDAY + timedelta(days=20, minutes=7, seconds=13)
    late = (asked_late.index_usd(later), asked_late.dvol_pct(later))
    expiry = asked_late.expiries(later)[4]
    chain = asked_late.chain(later, expiry)
    for hours in range(0, 20 * 24, 7):
        at = MONDAY + hours * HOUR
        market.chain(at, market.expiries(at)[4])
    assert (market.index_usd(later), market.dvol_pct(later)) == late
    assert market.chain(later, expiry) == chain
    assert market.instruments(MONDAY, market.expiries(MONDAY)[4]) == ModelMarket(7).instruments(
        MONDAY, market.expiries(MONDAY)[4]
    )


@pytest.mark.parametrize("seed", [4, 7])
def test_lists_the_same_strikes_whenever_they_were_asked_for_first(seed: int) -> None:
    """Also those of expiries that were listed before the path began."""
    each_day, at = ModelMarket(seed), DAY_ZERO + 12 * HOUR
    for day in range(45):
        moment = at + day * 24 * HOUR
        each_day_now = {expiry: each_day.strikes(moment, expiry) for expiry in each_day.expiries(moment)}
        if day % 7 == 0:
            anew = ModelMarket(seed)
            assert {expiry: anew.strikes(moment, expiry) for expiry in anew.expiries(moment)} == each_day_now


def all_of_it(market: ModelMarket, at: datetime) -> tuple[object, ...]:
    return (
        market.index_usd(at),
        market.dvol_pct(at),
        {expiry: market.chain(at, expiry) for expiry in market.expiries(at)},
        market.index_bars(at - 30 * HOUR, at),
        market.dvol_bars(at - 30 * HOUR, at),
        market.funding_history(at - 30 * HOUR, at),
        market.exchange_funding(at),
        market.delivery_price_usd(market.expiries(at)[0] - 24 * HOUR),
    )


@settings(max_examples=15)
@given(st.lists(st.integers(1, 50 * 24 * 60), min_size=2, max_size=6), st.integers(0, 40))
def test_says_the_same_in_whatever_order_it_is_asked(minutes: list[int], seed: int) -> None:
    one = ModelMarket(seed, steps_per_day=48)
    for minute in minutes:
        at = DAY_ZERO + timedelta(minutes=minute)
        assert all_of_it(one, at) == all_of_it(ModelMarket(seed, steps_per_day=48), at)


def test_another_seed_is_another_market(market: ModelMarket) -> None:
    assert ModelMarket(8).index_usd(MONDAY) != market.index_usd(MONDAY)


def test_moves_continuously_over_midnight(market: ModelMarket) -> None:
    midnight = DAY_ZERO + timedelta(days=3)
    before, at = market.index_usd(midnight - timedelta(microseconds=1)), market.index_usd(midnight)
    assert before == pytest.approx(at, rel=1e-6)


def test_has_thirty_days_of_history_at_its_start(market: ModelMarket) -> None:
    bars = market.index_bars(DAY_ZERO - 2 * R30, DAY_ZERO)
    assert len(bars) == 60 * 24
    assert bars[0].start == PATH_START
    assert all(b.low <= min(b.open, b.close) <= max(b.open, b.close) <= b.high for b in bars)
    assert all(a.close == b.open for a, b in pairwise(bars))
    assert bars[-1].close == pytest.approx(market.index_usd(DAY_ZERO))


def test_bars_of_a_span_are_a_part_of_those_of_a_longer_one(market: ModelMarket) -> None:
    three_days = DAY_ZERO + 3 * timedelta(days=1)
    for bars_of, told in ((market.index_bars, market.index_usd), (market.dvol_bars, market.dvol_pct)):
        bars = bars_of(DAY_ZERO, three_days)
        assert [bar.start for bar in bars] == [DAY_ZERO + hours * HOUR for hours in range(72)]
        assert [bar.open for bar in bars] == pytest.approx([told(bar.start) for bar in bars])
        assert all(b.low <= min(b.open, b.close) <= max(b.open, b.close) <= b.high for b in bars)
        assert all(a.close == b.open for a, b in pairwise(bars))
        for first, last in ((0, 72), (5, 6), (23, 25), (24, 48), (47, 71), (30, 30), (30, 20)):
            assert bars_of(DAY_ZERO + first * HOUR, DAY_ZERO + last * HOUR) == bars[first:last]
        assert bars_of(PATH_START - 9 * HOUR, PATH_START - HOUR) == []
        assert len(bars_of(PATH_START - 9 * HOUR, PATH_START + 2 * HOUR)) == 2


def test_refuses_a_time_before_its_path(market: ModelMarket) -> None:
    with pytest.raises(InputError, match="begins at"):
        market.index_usd(PATH_START - HOUR)


def test_delivers_at_the_mean_of_the_last_half_hour(market: ModelMarket) -> None:
    expiry = datetime(2026, 1, 16, 8, tzinfo=UTC)
    minutes = [market.index_usd(expiry - timedelta(minutes=m)) for m in range(31)]
    assert market.delivery_price_usd(expiry) == pytest.approx(fmean(minutes))


def test_quotes_lie_on_the_grid_around_the_mark_and_do_not_cross(market: ModelMarket) -> None:
    for expiry in market.expiries(MONDAY):
        for quote in market.chain(MONDAY, expiry):
            assert quote.ask_units is not None
            assert is_on_grid(quote.ask_units)
            assert quote.ask_units / 10_000 >= quote.mark_eth
            if quote.bid_units is not None:
                assert is_on_grid(quote.bid_units)
                assert quote.bid_units / 10_000 <= quote.mark_eth
                assert quote.bid_units < quote.ask_units


def test_one_quote_is_the_same_as_in_its_chain(market: ModelMarket) -> None:
    at = MONDAY + timedelta(minutes=3)
    for expiry in market.expiries(at)[:6]:
        for quote in market.chain(at, expiry):
            assert market.quote(at, quote.instrument) == quote


def test_the_smile_is_skewed_to_puts_and_below_dvol_at_the_money(market: ModelMarket) -> None:
    expiry = datetime(2026, 1, 30, 8, tzinfo=UTC)
    puts = [q for q in market.chain(MONDAY, expiry) if not q.instrument.is_call]
    middle = min(puts, key=lambda q: abs(q.delta + 0.5))
    low, high = min(puts, key=lambda q: abs(q.delta + 0.1)), min(puts, key=lambda q: abs(q.delta + 0.9))
    assert middle.iv_pct == pytest.approx(market.dvol_pct(MONDAY) - 2.9, abs=1.0)
    assert low.iv_pct > high.iv_pct > middle.iv_pct


def test_liquidity_falls_away_from_the_money_but_carries_the_traded_deltas(market: ModelMarket) -> None:
    chain = market.chain(MONDAY, datetime(2026, 1, 16, 8, tzinfo=UTC))
    traded = [q for q in chain if 0.08 <= abs(q.delta) <= 0.30]
    assert len(traded) >= 4
    assert all(q.open_interest >= 250 and q.volume_24h >= 10 and q.bid_size >= 4 for q in traded)
    far = min(chain, key=lambda q: abs(q.delta))
    assert far.open_interest < min(q.open_interest for q in traded)


def test_strikes_are_added_as_the_index_moves_and_never_withdrawn(market: ModelMarket) -> None:
    expiry = datetime(2026, 3, 27, 8, tzinfo=UTC)
    listed: set[int] = set()
    for day in range(0, 60, 3):
        eight = DAY_ZERO + timedelta(days=day, hours=8)
        now = {instrument.strike_usd for instrument in market.instruments(eight, expiry)}
        years = (expiry - eight) / timedelta(days=365)
        assert set(ladder(market.index_usd(eight), market.dvol_pct(eight), years)) <= now
        assert listed <= now
        listed = now


def test_the_ladder_is_finest_around_the_index() -> None:
    strikes = list(ladder(3000.0, 60.0, 0.25))
    near = [k for k in strikes if abs(k - 3000) <= 300]
    far = [k for k in strikes if abs(k - 3000) > 750]
    assert near == list(range(2700, 3301, 50))
    assert far
    assert all(k % 200 == 0 for k in far)


def test_funding_follows_the_thirty_day_return(market: ModelMarket) -> None:
    points = market.funding_history(MONDAY - timedelta(hours=23), MONDAY)
    assert [p.at for p in points][-1] == MONDAY
    assert len(points) == 24
    mean = fmean(p.hourly_rate for p in points) * 8760
    assert market.exchange_funding(MONDAY)[0].annualized_rate == pytest.approx(mean)
    assert abs(mean) < 1.0


def test_the_american_calendar_of_2026_has_the_known_rate_decisions() -> None:
    year = us_events(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))
    decisions = [e.scheduled_at for e in year if e.name.startswith("FOMC")]
    known = ["01-28T19", "03-18T18", "04-29T18", "06-17T18", "07-29T18", "09-16T18", "10-28T18", "12-09T19"]
    assert decisions == [datetime.fromisoformat(f"2026-{text}:00:00+00:00") for text in known]
    assert sum(e.name == "CPI" for e in year) == 12
    assert [e.scheduled_at for e in year] == sorted(e.scheduled_at for e in year)


def test_spreads_widen_when_the_index_falls_hard() -> None:
    assert stress_of(60.0, 0.01) == 1.0
    assert stress_of(60.0, -0.10) == pytest.approx(2.0)


def test_the_mark_alone_is_that_of_the_quote() -> None:
    market, at = ModelMarket(5), DAY_ZERO + timedelta(days=3, hours=7, minutes=20)
    for expiry in market.expiries(at):
        for quote in market.chain(at, expiry):
            assert market.mark_eth(at, quote.instrument) == quote.mark_eth
    assert market.mark_eth(at, option(expiry, 7, OptionType.PUT)) is None
