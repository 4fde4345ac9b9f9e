"""Deliveries through the gateway: the venue's cash to the last digit, worthless options too."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.contract import Settlement
from gateway.live.fields import ms_of
from gateway.sim.ways import Ways
from tests.gateway.live.desk import NOW
from tests.gateway.live.trading_desk import Engine, traded
from tests.gateway.sim.account import DAY, LONG, SHORT

EXPIRY = datetime(2026, 1, 16, 8, tzinfo=UTC)
PAID_SHORT, PAID_LONG = f"ETH-{DAY}-2700-P", f"ETH-{DAY}-2600-P"
PAYING = [
    {"instrument_name": PAID_SHORT, "side": "sell", "ratio": 1},
    {"instrument_name": PAID_LONG, "side": "buy", "ratio": 1},
]


async def until(engine: Engine, at: datetime, seconds: float) -> None:
    await engine.wait((at - engine.now).total_seconds() + seconds)


async def told(engine: Engine) -> tuple[int, Any]:
    return await engine.ask("get_settlements", since="2026-01-12T00:00:00Z")


@pytest.mark.parametrize("remembered", [True, False])
def test_a_delivery_that_pays_is_the_venues_cash(tmp_path: Path, remembered: bool) -> None:
    async def play(engine: Engine) -> None:
        quotes = [engine.desk.venue.books.quote(name) for name in (PAID_SHORT, PAID_LONG)]
        short, long = (quote for quote in quotes if quote is not None)
        credit = Decimal((short.bid_units or 0) - (long.ask_units or 0)).scaleb(-4)
        _, body = await engine.place(legs=PAYING, price=str(credit))
        assert body["order"]["state"] == "filled", body
        if remembered:
            await engine.ask("get_positions")
        await until(engine, EXPIRY, 20.0)
        status, body = await told(engine)
        assert status == 200, body
        venue = engine.desk.venue.books.account.settlements.values()
        found = [Settlement.model_validate(each) for each in body["settlements"]]
        assert {each.instrument_name: each for each in found} == {
            each.instrument_name: each for each in venue
        }
        flows = {each["instrument_name"]: Decimal(each["cash_flow"]) for each in body["settlements"]}
        assert flows[PAID_SHORT] < 0 < flows[PAID_LONG]
        again = await told(engine)
        assert again == (status, body)

    traded(tmp_path, play)


@pytest.mark.parametrize("rows", [True, False])
def test_a_worthless_option_is_told_with_and_without_rows(tmp_path: Path, rows: bool) -> None:
    async def play(engine: Engine) -> None:
        await engine.filled()
        await engine.ask("get_positions")
        await until(engine, EXPIRY, 20.0)
        status, body = await told(engine)
        assert status == 200, body
        found = [Settlement.model_validate(each) for each in body["settlements"]]
        assert {each.instrument_name: int(each.size) for each in found} == {SHORT: -3, LONG: 3}
        assert all(each.cash_flow == each.fee == 0 for each in found)
        assert (await told(engine))[1] == body

    traded(tmp_path, play, ways=Ways(worthless_rows=rows))


def test_a_position_that_was_closed_before_its_expiry_is_not_delivered(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        await engine.filled()
        await engine.ask("get_positions")
        debit = -(await engine.natural()) - Decimal("0.0030")
        legs = [
            {"instrument_name": SHORT, "side": "buy", "ratio": 1},
            {"instrument_name": LONG, "side": "sell", "ratio": 1},
        ]
        _, body = await engine.place("two", legs=legs, side="buy", price=str(debit))
        assert body["order"]["state"] == "filled"
        await until(engine, EXPIRY, 30.0)
        assert (await told(engine))[1] == {"settlements": []}

    traded(tmp_path, play, ways=Ways(worthless_rows=False))


def test_before_the_rows_are_there_nothing_is_told(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        await engine.filled()
        await engine.ask("get_positions")
        await until(engine, EXPIRY, 2.0)
        status, body = await told(engine)
        assert (status, "not indexed yet" in body["detail"]) == (503, True)
        await engine.wait(10.0)
        assert (await told(engine))[0] == 200

    traded(tmp_path, play)


def test_while_the_venue_settles_its_number_is_told(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        await until(engine, EXPIRY, 2.0)
        status, body = await told(engine)
        assert (status, "10041" in body["detail"]) == (503, True)
        status, body = await engine.place()
        assert "10041" in str(body)
        assert status in (200, 503)

    traded(tmp_path, play, ways=Ways(settling_s=10.0))


def test_documented_rows_that_are_no_deliveries_are_left_out(tmp_path: Path, deribit_responses: Path) -> None:
    """A venue that takes no notice of the kind that is asked for."""

    async def play(engine: Engine) -> None:
        assert await engine.ask("get_settlements", since="2019-01-01T00:00:00Z") == (200, {"settlements": []})

    documented = {
        method: json.loads((deribit_responses / "documented" / f"private__{method}.json").read_text("utf-8"))
        for method in ("get_settlement_history_by_currency", "get_transaction_log")
    }
    answers = {
        method: (200, {"result": each["response"]["result"] | {"continuation": None}})
        for method, each in documented.items()
    }
    traded(tmp_path, play, instead=answers)


def test_a_page_without_a_delivery_is_not_the_last_one(tmp_path: Path) -> None:
    """Of a venue that takes no notice of the kind: what comes after it would be missed without a word."""
    row = {"type": "settlement", "instrument_name": "ETH-PERPETUAL", "timestamp": ms_of(NOW)}
    page = {"result": {"settlements": [row], "continuation": "more"}}

    async def play(engine: Engine) -> None:
        status, body = await engine.ask("get_settlements", since="2019-01-01T00:00:00Z")
        assert (status, "expected at most 20 pages" in body["detail"]) == (503, True)

    traded(tmp_path, play, instead={"get_settlement_history_by_currency": (200, page)})
