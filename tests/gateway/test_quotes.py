"""The venue's hot path against the careful code: values against `core.pricing`, JSON against the contract."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import OptionsChain, iso_utc
from core.pricing import black76 as pricing
from core.values import OptionType
from gateway.paper.model_market import DAY_ZERO, ModelMarket
from gateway.paper.quotes import quotes_json, value_strike
from gateway.paper.ticks import units_decimal

FORWARDS, MONEYNESS = st.floats(500.0, 9000.0), st.floats(0.4, 2.5)
YEARS, SIGMAS = st.floats(1e-4, 1.5), st.floats(0.15, 3.0)


@given(FORWARDS, MONEYNESS, YEARS, SIGMAS)
def test_values_a_strike_as_the_core_does(forward: float, m: float, years: float, sigma: float) -> None:
    strike = forward * m
    value = value_strike(forward, strike, years, sigma)
    for kind, price in ((OptionType.CALL, value.call_eth), (OptionType.PUT, value.put_eth)):
        expected = pricing.black76_price_eth(kind, forward, strike, years, sigma)
        assert price == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert value.call_delta == pytest.approx(
        pricing.delta(OptionType.CALL, forward, strike, years, sigma), abs=1e-12
    )
    assert value.gamma == pytest.approx(pricing.gamma_per_usd(forward, strike, years, sigma), rel=1e-9)
    assert value.vega == pytest.approx(pricing.vega_usd_per_point(forward, strike, years, sigma), rel=1e-9)
    assert value.theta == pytest.approx(pricing.theta_usd_per_day(forward, strike, years, sigma), rel=1e-9)


def test_writes_a_chain_that_the_contract_reads() -> None:
    market, at = ModelMarket(3), DAY_ZERO + timedelta(hours=14)
    quotes = [quote for expiry in market.expiries(at) for quote in market.chain(at, expiry)]
    chain = OptionsChain.model_validate_json(quotes_json(quotes, iso_utc(at)))
    assert len(chain.quotes) == len(quotes) > 300
    for told, quote in zip(chain.quotes, quotes, strict=True):
        assert told.instrument_name == quote.instrument.name
        assert told.expiration == quote.instrument.expiration
        assert told.timestamp == at
        assert (told.bid is None) == (quote.bid_units is None)
        assert quote.ask_units is not None
        assert told.ask == units_decimal(quote.ask_units)
        assert float(told.mark_price) == pytest.approx(quote.mark_eth, abs=1e-6)
        assert told.mark_iv == quote.iv_pct


def test_an_empty_chain_is_an_empty_list() -> None:
    assert json.loads(quotes_json([], "2026-01-05T00:00:00Z")) == {"quotes": []}
