"""The chain without JSON is the chain that its reader makes of the JSON."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.contract import iso_utc
from core.market.option_chain import OptionChain
from core.strategy import AnomalySection
from gateway.paper.model_market import DAY_ZERO, ModelMarket
from gateway.paper.quotes import quotes_json
from gateway.paper.typed_chain import chain_columns

ANOMALIES = AnomalySection()


@pytest.mark.parametrize("seed", [1, 7])
def test_every_number_and_every_fault_is_the_same(seed: int) -> None:
    market, at = ModelMarket(seed), DAY_ZERO + timedelta(hours=14)
    quotes = [quote for expiry in market.expiries(at)[:6] for quote in market.chain(at, expiry)]
    told = OptionChain.decode(
        quotes_json(quotes, iso_utc(at)), now=at, anomalies=ANOMALIES, max_quote_age_s=60.0
    )
    made = OptionChain(chain_columns(quotes, at), ANOMALIES)
    assert made.to_record() == told.to_record()
    for name in (quote.instrument.name for quote in quotes):
        left, right = told.quote(name), made.quote(name)
        assert left is not None
        assert right is not None
        assert (left.delta, left.faults, left.forward_usd) == (right.delta, right.faults, right.forward_usd)
        assert (left.bid_eth, left.ask_eth, left.mark_eth) == (right.bid_eth, right.ask_eth, right.mark_eth)
