"""Facts are found by time and by meaning: not by position, not by one spelling, not by an exact clock."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from core.contract import (
    AccountSummary,
    Calendar,
    CrossExchangeFunding,
    DvolHistory,
    ExchangeFunding,
    FundingHistory,
    FundingPoint,
    FundingRate,
    FxRate,
    Historical,
    Holding,
    Holdings,
    TotalEquity,
)
from core.market.statistics import history_faults, median_funding_frac
from core.market.venue_clock import latest_time
from core.messages.market_data import EntryMarket
from core.strategy import Strategy
from tests.actors.market_data.room import HOUR, Room, answers
from tests.core.example_market import NOW

STRATEGY = Strategy()
A_LITTLE = timedelta(seconds=0.6)
LATEST = latest_time(NOW, STRATEGY.anomalies)
WORTH_EUR = 171_000
"""What all holdings are worth, as in `answers`."""


def entry(**changes: Any) -> EntryMarket:
    room = Room()
    room.ask_entry()
    room.answer(**changes)
    market = room.market()
    assert isinstance(market, EntryMarket)
    return market


def entry_faults(**changes: Any) -> set[str]:
    room = Room()
    room.ask_entry()
    room.answer(**changes)
    return room.faults()


def ahead(rate: float) -> CrossExchangeFunding:
    told = ExchangeFunding(name="binance", annualized_rate=rate, timestamp=NOW + A_LITTLE)
    return CrossExchangeFunding(exchanges=(told,))


def test_funding_of_a_clock_that_is_a_little_ahead_is_known() -> None:
    market = entry(get_funding_history=FundingHistory(points=()), get_cross_exchange_funding=ahead(0.05))
    rates = market.market.funding
    assert median_funding_frac(rates, NOW, STRATEGY.entry.funding_age_max_h, latest=LATEST) == 0.05
    far = [rate.model_copy(update={"as_of": LATEST + A_LITTLE}) for rate in rates]
    assert median_funding_frac(far, NOW, STRATEGY.entry.funding_age_max_h, latest=LATEST) is None


def test_the_day_of_funding_is_the_same_24_rates_for_a_clock_that_is_a_little_behind() -> None:
    points = tuple(
        FundingPoint(timestamp=NOW + A_LITTLE - n * HOUR, hourly_rate=9.0 if n == 24 else 1e-5)
        for n in range(25)
    )
    market = entry(get_funding_history=FundingHistory(points=points))
    (ours,) = [rate for rate in market.market.funding if rate.venue == "hyperliquid"]
    assert ours.annualised_frac == pytest.approx(1e-5 * 8760)
    assert ours.as_of == NOW + A_LITTLE


def hourly(*hours_ago: float, rate: float = 1e-5) -> FundingHistory:
    points = [FundingPoint(timestamp=NOW - ago * HOUR, hourly_rate=rate) for ago in sorted(hours_ago)]
    return FundingHistory.model_validate({"points": [point.model_dump(mode="json") for point in points]})


def others(*rows: tuple[str, float]) -> CrossExchangeFunding:
    told = (ExchangeFunding(name=name, annualized_rate=rate, timestamp=NOW) for name, rate in rows)
    return CrossExchangeFunding(exchanges=tuple(told))


def rates_of(**changes: Any) -> dict[str, float]:
    return {rate.venue: rate.annualised_frac for rate in entry(**changes).market.funding}


@pytest.mark.parametrize(
    "few",
    [hourly(0), hourly(*range(14)), hourly(*(n / 20 for n in range(200)))],
    ids=["one", "14 hours", "ten hours with 20 rates each"],
)
def test_few_hours_of_funding_do_not_stand_for_a_day(few: FundingHistory) -> None:
    told = others(("binance", 0.1), ("hyperliquid", 0.3))
    assert rates_of(get_funding_history=few, get_cross_exchange_funding=told) == {
        "binance": 0.1,
        "hyperliquid": 0.3,
    }
    told = others(("binance", 0.1))
    assert rates_of(get_funding_history=few, get_cross_exchange_funding=told) == {"binance": 0.1}


def test_a_day_of_funding_may_lack_the_hours_by_which_its_last_rate_may_be_old() -> None:
    rates = rates_of(
        get_funding_history=hourly(*range(9, 24)), get_cross_exchange_funding=others(("okx", 0.1))
    )
    assert rates == {"okx": 0.1, "hyperliquid": pytest.approx(1e-5 * 8760)}


def test_an_hour_whose_rate_was_told_twice_counts_once() -> None:
    """A copy with another second is another row, and would weigh as much as an hour."""
    told = hourly(*range(20)).points
    twice = tuple(
        FundingPoint(timestamp=told[-1].timestamp + n * A_LITTLE, hourly_rate=1.0) for n in range(-9, 0)
    )
    copies = FundingHistory(points=(*told[:-1], *twice, told[-1]))
    assert rates_of(get_funding_history=copies)["hyperliquid"] == pytest.approx(1e-5 * 8760)


def test_an_hour_that_ended_a_little_ahead_of_the_clock_is_over() -> None:
    candles = answers(NOW + A_LITTLE)["get_historical"]
    closes = entry(get_historical=candles).market.index_hourly_closes
    assert closes[-1].at == NOW + A_LITTLE
    assert history_faults(closes, NOW, latest=LATEST) == ()


def test_an_entry_reads_the_same_of_lists_in_any_order_and_with_rows_twice() -> None:
    shuffled: dict[str, Any] = {}
    known = answers(NOW)
    for tool, model, field in (
        ("get_historical", Historical, "candles"),
        ("get_dvol_history", DvolHistory, "points"),
        ("get_funding_history", FundingHistory, "points"),
    ):
        rows = [row.model_dump(mode="json") for row in getattr(known[tool], field)]
        rows += rows[: len(rows) // 3 + 1]
        random.Random(5).shuffle(rows)
        shuffled[tool] = model.model_validate({field: rows})
    assert entry(**shuffled).model_dump(mode="json") == entry().model_dump(mode="json")


def holdings(*named: tuple[str, float]) -> Holdings:
    rows = [
        {"asset": name, "amount": "1", "value_eur": str(round(WORTH_EUR * share)), "share": share}
        for name, share in named
    ]
    return Holdings(holdings=tuple(Holding.model_validate(row) for row in rows))


def worth(*named: tuple[str, float, float]) -> Holdings:
    rows = [
        {"asset": name, "amount": "1", "value_eur": str(eur), "share": share} for name, eur, share in named
    ]
    return Holdings(holdings=tuple(Holding.model_validate(row) for row in rows))


def equity(amount: float, currency: str = "USD") -> TotalEquity:
    return TotalEquity.model_validate(
        {"equity": str(amount), "currency": currency, "timestamp": NOW.isoformat()}
    )


@pytest.mark.parametrize(
    "told",
    [
        equity(171_000),
        equity(60),
        equity(200_000, "EUR"),
        equity(20_000_000),
        equity(187_000),
        equity(0),
        equity(-200_000),
    ],
    ids=["in EUR", "in ETH", "in USD, called EUR", "in cents", "a part is missing", "nothing", "negative"],
)
def test_an_equity_that_the_holdings_do_not_add_up_to_is_a_fault(told: TotalEquity) -> None:
    """Sizes follow from it: one in another unit is sized on all the same."""
    assert entry_faults(get_total_equity=told) == {"portfolio.get_total_equity:incomplete"}


@pytest.mark.parametrize("amount", [192_000, 200_000, 209_000])
def test_an_equity_of_a_little_later_than_the_holdings_is_good(amount: float) -> None:
    assert entry(get_total_equity=equity(amount)).account.equity_usd == amount


def test_an_fx_rate_of_the_other_direction_is_found_by_the_equity() -> None:
    """EUR per USD lies within the bounds of USD per EUR."""
    upside_down = FxRate(rate=1 / 1.17, timestamp=NOW)
    assert entry_faults(get_fx_rate=upside_down) == {"portfolio.get_total_equity:incomplete"}


def at_venue(equity_eth: float) -> AccountSummary:
    told = dict.fromkeys(("balance", "available_funds", "initial_margin", "maintenance_margin"), "0")
    return AccountSummary.model_validate(told | {"equity": str(equity_eth)})


@pytest.mark.parametrize("equity", [70.1, 31_500, 10_500], ids=["more than all", "in USD", "in thousandths"])
def test_more_equity_at_the_venue_than_there_is_at_all_is_a_fault(equity: float) -> None:
    """Its caps on loss and margin would never bind."""
    assert entry_faults(get_account_summary=at_venue(equity)) == {"deribit.get_account_summary:incomplete"}


def test_all_equity_may_be_at_the_venue() -> None:
    # 200,000 USD at an index of 3000.5.
    assert entry(get_account_summary=at_venue(66.6)).account.venue_equity_eth == 66.6


def candles_times(factor: float) -> Historical:
    rows = [row.model_dump(mode="json") for row in answers(NOW)["get_historical"].candles]
    for row in rows:
        row |= {name: str(float(row[name]) * factor) for name in ("open", "high", "low", "close")}
    return Historical.model_validate({"candles": rows})


@pytest.mark.parametrize("factor", [100, 30, 0.01, 2], ids=["in cents", "of bitcoin", "of another", "twice"])
def test_an_index_history_of_another_market_is_a_fault(factor: float) -> None:
    """The trend would be that of the index against another market, and choose the side that is sold."""
    assert entry_faults(get_historical=candles_times(factor)) == {"deribit.get_historical:incomplete"}


def test_holdings_in_another_unit_than_euro_are_a_fault_too() -> None:
    in_usd = worth(("ETH", 30_000, 0.15), ("EUR", 170_070, 0.85))
    assert entry_faults(get_holdings=in_usd) == {"portfolio.get_total_equity:incomplete"}


def test_eth_is_counted_by_any_of_its_names() -> None:
    told = holdings(("eth", 0.1), ("stETH", 0.2), ("Ethereum", 0.05), ("Tether USD", 0.3), ("S&P 500", 0.35))
    assert entry(get_holdings=told).account.eth_share == pytest.approx(0.35)


@pytest.mark.parametrize(
    "told",
    [
        holdings(("ETH-Vault-7", 0.9), ("EUR", 0.1)),
        holdings(("\uff25\uff34\uff28", 0.9), ("EUR", 0.1)),
        holdings(("\u0395\u03a4\u0397", 0.9), ("EUR", 0.1)),
        holdings(("\u039e", 0.9), ("EUR", 0.1)),
        holdings(("E\u200bTH", 0.9), ("EUR", 0.1)),
        holdings(("ETH", 0.2), ("EUR", 0.9)),
        holdings(),
        holdings(("EUR", 0.1), ("USDC", 0.3)),
        holdings(("EUR", 0.0), ("ETH", 0.0)),
        worth(("ETH", 85_500, 0.01), ("EUR", 85_500, 0.99)),
        worth(("ETH", -17_100, 0.1), ("EUR", 188_100, 0.9)),
    ],
    ids=[
        "a name that may be ETH",
        "in wide letters",
        "in Greek letters",
        "by its sign",
        "with a character that is not seen",
        "more than the whole",
        "none, where an equity is told",
        "a first page",
        "shares of nothing",
        "a share that its value contradicts",
        "a share of a debt",
    ],
)
def test_holdings_that_can_not_be_counted_are_a_fault(told: Holdings) -> None:
    assert entry_faults(get_holdings=told) == {"portfolio.get_holdings:incomplete"}


@pytest.mark.parametrize("word", ["us", "USD", "USA", "United States"])
def test_the_country_of_an_event_is_our_code_in_the_facts(word: str) -> None:
    event = {"name": "FOMC", "country": word, "importance": "HIGH", "scheduled_at": NOW.isoformat()}
    calendar = Calendar.model_validate({"events": [event]})
    (found,) = entry(get_calendar=calendar).market.macro_events
    assert found.country == "US"


@pytest.mark.parametrize(("age", "kept"), [(HOUR, True), (-A_LITTLE, True), (10 * HOUR, False)])
def test_a_stored_funding_rate_is_of_these_hours(age: timedelta, kept: bool) -> None:
    room = Room()
    room.due()
    rate = FundingRate(hourly_rate=1e-5, annualized_rate=0.0876, timestamp=NOW - age)
    room.answer(get_funding_rate=rate)
    assert room.record().funding == (0.0876 if kept else None)


@pytest.mark.parametrize("rate", [0.0085, 117.0, 11_700.0, 1e-4])
def test_a_rate_of_the_euro_in_another_unit_is_a_fault(rate: float) -> None:
    """The cap on a trade is in EUR: it would be a hundred times as high."""
    assert entry_faults(get_fx_rate=FxRate(rate=rate, timestamp=NOW)) == {"portfolio.get_fx_rate:incomplete"}
