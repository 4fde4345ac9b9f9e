"""A chain of which only what is asked for is built tells what the whole chain tells."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.market.forwards import forwards_of
from core.market.option_chain import OptionChain, Quote
from core.strategy import AnomalySection
from core.values import OptionType
from gateway.paper.model_market import DAY_ZERO, ModelMarket
from gateway.paper.typed_chain import chain_columns
from lab.backtest.smile_chain import SmileChain, smile_chain

MOMENTS = tuple(
    DAY_ZERO + timedelta(days=day, minutes=minutes) for day, minutes in ((0, 840), (9, 17), (16, 479))
)


def whole(market: ModelMarket, at: datetime, anomalies: AnomalySection) -> OptionChain:
    quotes = [quote for expiry in market.expiries(at) for quote in market.chain(at, expiry)]
    return OptionChain(chain_columns(quotes, at), anomalies)


def told(quote: Quote) -> tuple[object, ...]:
    names = [name for name in dir(Quote) if not name.startswith("_") and name not in ("age_s", "row")]
    one_sided = {"relative_spread"} if not quote.two_sided else set()
    return tuple(getattr(quote, name) for name in names if name not in one_sided)


@pytest.mark.parametrize("at", MOMENTS)
def test_it_tells_the_same(at: datetime) -> None:
    market, anomalies = ModelMarket(2), AnomalySection()
    lazy, full = smile_chain(market, at, market.expiries(at), anomalies), whole(market, at, anomalies)
    assert isinstance(lazy, SmileChain)
    assert lazy.expiries == full.expiries
    assert (lazy.quotes_total, lazy.broken_total, lazy.broken_counts) == (full.quotes_total, 0, {})
    assert full.broken_total == 0
    assert forwards_of(lazy) == forwards_of(full)
    for expiry in full.expiries:
        assert lazy.sound_levels(expiry) == full.sound_levels(expiry)
        for kind in OptionType:
            quotes = full.side(expiry, kind)
            assert list(map(told, lazy.side(expiry, kind))) == list(map(told, quotes))
            found = [lazy.quote(quote.instrument_name) for quote in quotes[:3]]
            assert [told(quote) for quote in found if quote is not None] == list(map(told, quotes[:3]))


def test_what_is_not_listed_is_not_there() -> None:
    market, at = ModelMarket(2), MOMENTS[0]
    first, second = market.expiries(at)[:2]
    lazy = smile_chain(market, at, [first], AnomalySection())
    assert lazy is not None
    assert lazy.side(second, OptionType.PUT) == ()
    name = whole(market, at, AnomalySection()).side(second, OptionType.PUT)[0].instrument_name
    assert lazy.quote(name) is None
    assert lazy.quote(name.rpartition("-")[0].rpartition("-")[0] + "-7-P") is None


@pytest.mark.parametrize(
    "bounds",
    [
        pytest.param({"iv_min_pct": 100.0}, id="lowest IV"),
        pytest.param({"iv_max_pct": 100.0}, id="highest IV"),
        pytest.param({"delta_gap_max": 1e-6}, id="gap of delta"),
    ],
)
def test_a_chain_with_quotes_that_may_be_broken_is_built_whole(bounds: dict[str, float]) -> None:
    market, at = ModelMarket(2), MOMENTS[0]
    anomalies = AnomalySection(**bounds)
    assert whole(market, at, anomalies).broken_total > 0
    assert smile_chain(market, at, market.expiries(at), anomalies) is None


def test_a_second_before_an_expiry_our_delta_may_be_far_from_the_venues() -> None:
    market = ModelMarket(2)
    expiry = market.expiries(DAY_ZERO)[0]
    assert smile_chain(market, expiry - timedelta(hours=1), [expiry], AnomalySection()) is not None
    assert smile_chain(market, expiry - timedelta(microseconds=1), [expiry], AnomalySection()) is None
