"""A ticker as a quote, field by field; what is odd near an expiry passes as it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from core.contract import Instrument
from gateway.live.errors import AnomalyError
from gateway.live.fields import exact_json
from gateway.live.market.tickers import quote_of

AT_MS = 1_768_226_420_123
ROW = {
    "instrument_name": "ETH-16JAN26-3000-P",
    "best_bid_price": 0.00035000000000000005,
    "best_bid_amount": 12.0,
    "best_ask_price": 1e-03,
    "best_ask_amount": 3.5,
    "mark_price": 0.000712,
    "mark_iv": 61.25,
    "greeks": {"delta": -0.05785, "gamma": 1e-05, "theta": -5.65962, "vega": 20.05335, "rho": 4.9},
    "open_interest": 1767.5,
    "stats": {"volume": None, "low": None, "high": None, "price_change": None},
    "underlying_price": 3020.5,
    "underlying_index": "SYN.ETH-16JAN26",
    "estimated_delivery_price": "expired",
    "timestamp": AT_MS,
}


def option(name: str, strike: int, day: datetime) -> Instrument:
    return Instrument(
        instrument_name=name,
        strike=Decimal(strike),
        option_type="put" if name.endswith("P") else "call",
        expiration=day,
        tick_size=Decimal("0.0001"),
        tick_size_steps=(),
        min_trade_amount=Decimal(1),
        contract_size=Decimal(1),
        is_active=True,
    )


SIDES = {f"best_{side}_{what}" for side in ("bid", "ask") for what in ("price", "amount")}
PUT = option("ETH-16JAN26-3000-P", 3000, datetime(2026, 1, 16, 8, tzinfo=UTC))


def sent(row: dict[str, object]) -> object:
    return exact_json(json.dumps(row).encode())


def test_every_field_is_read() -> None:
    assert quote_of(sent(ROW), PUT).model_dump(mode="json") == {
        "instrument_name": "ETH-16JAN26-3000-P",
        "strike": "3000",
        "option_type": "put",
        "expiration": "2026-01-16T08:00:00Z",
        "bid": "0.00035000",
        "ask": "0.00100000",
        "bid_size": 12.0,
        "ask_size": 3.5,
        "mark_price": "0.00071200",
        "mark_iv": 61.25,
        "delta": -0.05785,
        "gamma": 1e-05,
        "theta": -5.65962,
        "vega": 20.05335,
        "open_interest": 1767.5,
        "volume_24h": 0.0,
        "underlying_price": "3020.5000",
        "timestamp": "2026-01-12T14:00:20.123000Z",
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"best_bid_price": 0.0},
        {"best_bid_price": None},
        {"best_bid_amount": 0.0},
        {"best_bid_price": 0, "best_bid_amount": 0},
    ],
)
def test_an_empty_side_is_null(changed: dict[str, object]) -> None:
    found = quote_of(sent(ROW | changed), PUT)
    assert (found.bid, found.bid_size) == (None, 0.0)
    assert found.ask is not None


def test_numbers_as_text_are_read() -> None:
    assert quote_of(sent(ROW | {"mark_price": "0.0125"}), PUT).mark_price == Decimal("0.0125")


@pytest.mark.parametrize(
    "field",
    [
        "instrument_name",
        "mark_price",
        "mark_iv",
        "greeks",
        "open_interest",
        "stats",
        "underlying_price",
        "timestamp",
    ],
)
def test_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(AnomalyError, match=field):
        quote_of(sent({name: value for name, value in ROW.items() if name != field}), PUT)


@pytest.mark.parametrize("value", ["expired", True, [], 1e13, "NaN", "1e400"])
def test_what_is_no_number_is_named(value: object) -> None:
    with pytest.raises(AnomalyError, match="mark_price"):
        quote_of(sent(ROW | {"mark_price": value}), PUT)


def test_the_ticker_of_another_option_is_an_anomaly() -> None:
    with pytest.raises(AnomalyError, match="ETH-16JAN26-3000-P"):
        quote_of(sent(ROW | {"instrument_name": "ETH-16JAN26-3100-P"}), PUT)


@pytest.mark.parametrize(
    ("file", "instrument", "iv", "bid"),
    [
        ("ticker_option_live", option("BTC-30SEP22-60000-C", 60_000, PUT.expiration), 67.7, "0.008"),
        ("ticker_option_at_expiry", option("BTC-2APR20-7125-P", 7125, PUT.expiration), 250.0, "0.0005"),
    ],
)
def test_tickers_that_were_seen_are_read(
    deribit_responses: Path, file: str, instrument: Instrument, iv: float, bid: str
) -> None:
    seen = exact_json((deribit_responses / "community" / f"{file}.json").read_bytes())
    found = quote_of(seen, instrument)
    assert (found.mark_iv, found.bid) == (iv, Decimal(bid))
