"""The front desk: who may call, what it answers to nonsense, and that every tool keeps the contract."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from pydantic import BaseModel

from core.contract import TOOLS, Router, iso_utc
from tests.gateway.market_fake import FRIDAY, LONG_PUT, SHORT_PUT, START, Desk

SPAN: dict[str, object] = {"start": iso_utc(START - timedelta(days=2)), "end": iso_utc(START)}
LEGS = [{"instrument_name": SHORT_PUT, "side": "sell"}, {"instrument_name": LONG_PUT, "side": "buy"}]
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("deribit", "get_dvol_history"): SPAN,
    ("deribit", "get_historical"): {"instrument": "ETH-INDEX", **SPAN},
    ("deribit", "get_order_book"): {"instrument_name": SHORT_PUT},
    ("deribit", "get_order_by_label"): {"label": "p1:e1"},
    ("deribit", "get_order_history"): {"since": SPAN["start"]},
    ("deribit", "get_user_trades"): {"since": SPAN["start"]},
    ("deribit", "get_settlements"): {"since": SPAN["start"]},
    ("deribit", "get_margins"): {"legs": LEGS, "amount": "1", "price": "0.0090"},
    ("deribit", "get_trades_by_order"): {"order_id": "ETH-O-000000001"},
    ("deribit", "place_combo_order"): {
        "legs": LEGS,
        "amount": "1",
        "side": "sell",
        "price": "0.0090",
        "label": "p2:e1",
    },
    ("hyperliquid", "get_funding_rate"): {"coin": "ETH"},
    ("hyperliquid", "get_funding_history"): {"coin": "ETH", **SPAN},
    ("macro", "get_calendar"): SPAN,
    ("sentiment", "get_cross_exchange_funding"): {"coin": "ETH"},
    ("sentiment", "get_liquidation_pressure"): {"coin": "ETH"},
    ("portfolio", "get_fx_rate"): {"base": "EUR", "quote": "USD"},
}


@pytest.mark.parametrize(
    ("router", "tool"), [key for key in TOOLS if key[1] not in ("edit_order", "cancel_order")]
)
def test_every_tool_answers_as_the_contract_says(router: str, tool: str) -> None:
    desk = Desk()
    desk.place()
    answer = desk.raw(router, tool, json.dumps(BODIES.get((router, tool), {})).encode())
    assert answer.status == 200, answer.body
    model: type[BaseModel] = TOOLS[router, tool].answer  # type: ignore[index]
    parsed = model.model_validate_json(answer.body)
    assert json.loads(parsed.model_dump_json()).keys() == json.loads(answer.body).keys()
    assert "error" not in json.loads(answer.body) or json.loads(answer.body)["error"] is None


def bars(instrument: str, start: str, end: str) -> bytes:
    return json.dumps({"instrument": instrument, "start": start, "end": end}).encode()


@pytest.mark.parametrize("router", Router)
def test_every_router_has_a_health_page(router: str) -> None:
    health = json.loads(Desk().raw(router, "health").body)
    expected = {"status": "ok", "version": health["version"], "environment": "paper", "warnings": []}
    assert health == expected


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "bearer secret-token"])
def test_refuses_a_wrong_token_everywhere(authorization: str) -> None:
    for tool in ("get_dvol", "health"):
        answer = Desk().raw("deribit", tool, b"{}", authorization=authorization)
        assert answer.status == 401
        assert b"secret-token" not in answer.body


@pytest.mark.parametrize("tag", ["", "   ", "x" * 65])
def test_refuses_a_blank_or_overlong_bot_tag(tag: str) -> None:
    assert Desk().raw("deribit", "get_dvol", b"{}", **{"x-bot-tag": tag}).status == 422


@pytest.mark.parametrize(
    ("router", "tool"), [("deribit", "nope"), ("nope", "get_dvol"), ("macro", "get_dvol")]
)
def test_knows_no_other_tool(router: str, tool: str) -> None:
    assert Desk().raw(router, tool).status == 404


@pytest.mark.parametrize(
    ("tool", "body", "named"),
    [
        ("get_dvol", b"not json", "body"),
        ("get_dvol", b"[]", "body"),
        ("get_dvol", b'{"currency":"EUR"}', "currency"),
        ("get_dvol", b'{"colour":"red"}', "colour"),
        ("get_order_book", b'{"instrument_name":"ETH-1JAN20-1-C"}', "instrument_name"),
        ("get_order_book", b'{"instrument_name":"nope"}', "instrument_name"),
        ("get_historical", bars("nope", "2026-01-05T00:00:00Z", "2026-01-05T02:00:00Z"), "instrument"),
        ("get_historical", bars("ETH-INDEX", "2026-01-05T00:00:00", "2026-01-05T02:00:00Z"), "start"),
        ("get_historical", bars("ETH-INDEX", "2026-01-06T00:00:00Z", "2026-01-05T02:00:00Z"), "end"),
    ],
)
def test_answers_422_and_names_the_field(tool: str, body: bytes, named: str) -> None:
    answer = Desk().raw("deribit", tool, body)
    assert answer.status == 422
    assert named in json.loads(answer.body)["detail"]


def test_saves_before_every_answer_that_it_works_on() -> None:
    desk = Desk()
    desk.call("get_dvol")
    desk.place()
    assert desk.keeper.saves == 2


def test_says_when_the_record_is_over() -> None:
    desk = Desk()
    desk.market.end = START + timedelta(hours=1)
    desk.later(hours=2)
    answer = desk.raw("deribit", "get_dvol")
    assert answer.status == 503
    assert b"record ends" in answer.body


def test_serves_no_bar_that_is_not_complete() -> None:
    desk = Desk()
    desk.later(minutes=30)
    wide = {
        "instrument": "ETH-INDEX",
        "start": iso_utc(START - timedelta(hours=3)),
        "end": "2026-01-06T00:00:00Z",
    }
    stamps = [candle["timestamp"] for candle in desk.rows("get_historical", "candles", **wide)]
    assert stamps == [iso_utc(START - timedelta(hours=h)) for h in (3, 2, 1)]


def test_folds_hours_into_full_days_only() -> None:
    desk = Desk()
    span = {"start": "2026-01-03T06:00:00Z", "end": "2026-01-05T12:00:00Z", "resolution": "1d"}
    days = desk.rows("get_historical", "candles", instrument="ETH-INDEX", **span)
    assert [day["timestamp"] for day in days] == ["2026-01-04T00:00:00Z"]
    assert days[0]["volume"] == 240.0


def test_bars_of_an_option_are_its_marks() -> None:
    desk = Desk()
    desk.later(hours=3)
    span = {"start": iso_utc(START - timedelta(hours=5)), "end": iso_utc(desk.now)}
    bars = desk.rows("get_historical", "candles", instrument=SHORT_PUT, **span)
    assert [bar["close"] for bar in bars] == ["0.010500"] * 3


def test_chains_hold_only_the_expiries_that_were_asked_for() -> None:
    desk = Desk()
    only = desk.rows("get_options_chain", "quotes", expiry_from=iso_utc(FRIDAY), expiry_to=iso_utc(FRIDAY))
    assert {quote["expiration"] for quote in only} == {iso_utc(FRIDAY)}
    assert len(desk.rows("get_options_chain", "quotes")) == 2 * len(only)


def test_total_equity_is_the_same_money_in_every_currency() -> None:
    desk = Desk()
    usd, eur, eth = (
        float(str(desk.call_of("portfolio", "get_total_equity", currency=c)["equity"]))
        for c in ("USD", "EUR", "ETH")
    )
    assert usd == pytest.approx(10 * 3000 + 150_000 * 1.17)
    assert eur == pytest.approx(usd / 1.17, abs=0.01)
    assert eth == pytest.approx(usd / 3000, abs=1e-6)


def test_holdings_share_out_the_whole() -> None:
    holdings = Desk().call_of("portfolio", "get_holdings")["holdings"]
    assert isinstance(holdings, list)
    assert sum(h["share"] for h in holdings) == pytest.approx(1.0)


def test_equity_is_balance_plus_positions_at_their_marks() -> None:
    desk = Desk()
    desk.place()
    summary = desk.call("get_account_summary")
    assert summary["equity"] == summary["balance"]
    floating = [float(str(p["floating_pnl"])) for p in desk.rows("get_positions", "positions")]
    assert sum(floating) == pytest.approx(0.018)
