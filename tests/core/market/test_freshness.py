"""How old an answer may be, and how far ahead of our clock, at the edge of each."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pydantic import BaseModel

from core.contract import Dvol, FxRate, IndexPrice, OrderBook, TotalEquity
from core.contract.base import NoArguments
from core.market.freshness import age_problem
from core.market.venue_clock import latest_time
from tests.core.example_market import NOW, STRATEGY

AHEAD_MAX_S = STRATEGY.anomalies.clock_ahead_max_s
QUOTE_S = STRATEGY.liquidity.max_quote_age_s
A_LITTLE = timedelta(seconds=1)


def index(at: datetime) -> IndexPrice:
    return IndexPrice.model_validate({"price": "3000", "timestamp": at.isoformat()})


def dvol(at: datetime) -> Dvol:
    return Dvol.model_validate({"dvol": 60.0, "timestamp": at.isoformat()})


def book(at: datetime) -> OrderBook:
    return OrderBook.model_validate(
        {"instrument_name": "ETH-16JAN26-2800-P", "bids": [], "asks": [], "timestamp": at.isoformat()}
    )


def equity(at: datetime) -> TotalEquity:
    return TotalEquity.model_validate({"equity": "1", "currency": "USD", "timestamp": at.isoformat()})


def fx(at: datetime) -> FxRate:
    return FxRate.model_validate({"rate": 1.2, "timestamp": at.isoformat()})


AGES_S = [
    (index, QUOTE_S),
    (dvol, QUOTE_S),
    (book, QUOTE_S),
    (equity, STRATEGY.anomalies.equity_age_max_s),
    (fx, STRATEGY.anomalies.fx_age_max_h * 3600),
]


@pytest.mark.parametrize(("answer", "age_max_s"), AGES_S, ids=lambda value: getattr(value, "__name__", None))
def test_an_answer_may_be_as_old_as_the_settings_say_and_no_older(answer: object, age_max_s: float) -> None:
    assert callable(answer)
    oldest = NOW - timedelta(seconds=age_max_s)
    assert age_problem(answer(oldest), NOW, STRATEGY) is None
    assert age_problem(answer(oldest - A_LITTLE), NOW, STRATEGY) == (
        f"{age_max_s + 1:.0f} s old, expected at most {age_max_s:g} s"
    )


def test_an_answer_may_be_a_little_ahead_of_our_clock() -> None:
    latest = latest_time(NOW, STRATEGY.anomalies)
    assert latest == NOW + timedelta(seconds=AHEAD_MAX_S)
    assert age_problem(index(latest), NOW, STRATEGY) is None
    assert age_problem(index(latest + A_LITTLE), NOW, STRATEGY) == (
        f"{AHEAD_MAX_S + 1:.0f} s ahead of the clock, expected at most {AHEAD_MAX_S:g} s"
    )


@pytest.mark.parametrize("answer", [NoArguments()])
def test_what_has_no_time_of_its_own_is_not_judged(answer: BaseModel) -> None:
    assert age_problem(answer, NOW, STRATEGY) is None
