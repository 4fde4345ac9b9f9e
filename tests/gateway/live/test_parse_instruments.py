"""Listed options, field by field."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from core.contract import GetInstruments, Instruments
from gateway.live.errors import AnomalyError
from gateway.live.fields import exact_json
from gateway.live.market.instruments import instruments_of
from gateway.paper.instruments import parse_instrument
from tests.gateway.live.desk import Desk, model_market, on_the_desk

ROW = {
    "instrument_name": "ETH-16JAN26-3000-P",
    "option_type": "put",
    "strike": 3000.0,
    "expiration_timestamp": 1_768_550_400_000,
    "tick_size": 1e-4,
    "tick_size_steps": [{"above_price": 0.005, "tick_size": 0.0005}],
    "min_trade_amount": 1.0,
    "contract_size": 1.0,
    "is_active": True,
    "state": "open",
    "starbase_tier": 3,
}


def sent(row: dict[str, object]) -> object:
    """As it arrives: floats as decimals."""
    return exact_json(json.dumps([row]).encode())


def test_every_field_is_read() -> None:
    (found,) = instruments_of(sent(ROW))
    assert found.model_dump(mode="json") == {
        "instrument_name": "ETH-16JAN26-3000-P",
        "strike": "3000",
        "option_type": "put",
        "expiration": "2026-01-16T08:00:00Z",
        "tick_size": "0.0001",
        "tick_size_steps": [{"above_price": "0.005", "tick_size": "0.0005"}],
        "min_trade_amount": "1",
        "contract_size": "1",
        "is_active": True,
    }


@pytest.mark.parametrize("field", sorted(ROW.keys() - {"state", "starbase_tier"}))
def test_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(AnomalyError, match=field):
        instruments_of(sent({name: value for name, value in ROW.items() if name != field}))


@pytest.mark.parametrize(
    "changed", [{"strike": 3100.0}, {"option_type": "call"}, {"expiration_timestamp": 1_768_636_800_000}]
)
def test_a_name_that_contradicts_its_fields_is_an_anomaly(changed: dict[str, object]) -> None:
    with pytest.raises(AnomalyError, match="expected the name"):
        instruments_of(sent(ROW | changed))


@pytest.mark.parametrize("changed", [{"state": "closed"}, {"is_active": False}])
def test_an_option_that_is_closed_is_not_active(changed: dict[str, object]) -> None:
    (found,) = instruments_of(sent(ROW | changed))
    assert not found.is_active


def test_what_is_listed_is_what_the_market_lists(tmp_path: Path) -> None:
    async def play(desk: Desk) -> tuple[Instruments, list[str]]:
        found = await desk.sources.market.instruments(GetInstruments(), desk.by())
        now = desk.sources.clock.now()
        market = model_market()
        return found, [
            option.name for expiry in market.expiries(now) for option in market.instruments(now, expiry)
        ]

    found, listed = on_the_desk(tmp_path, play)
    assert [each.instrument_name for each in found.instruments] == listed
    for each in found.instruments:
        option = parse_instrument(each.instrument_name)
        assert (each.strike, each.expiration) == (Decimal(option.strike_usd), option.expiration)


def test_the_recorded_option_is_read_but_for_its_coin(deribit_responses: Path) -> None:
    text = (deribit_responses / "recorded" / "http_get_instrument_option.json").read_text("utf-8")
    row = exact_json(text.replace("BTC-27DEC24", "ETH-27DEC24").encode())["result"]
    (found,) = instruments_of([row])
    assert (found.strike, found.tick_size, found.min_trade_amount) == (
        Decimal(100_000),
        Decimal("0.0005"),
        Decimal("0.1"),
    )
