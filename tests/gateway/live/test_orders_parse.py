"""Orders, trades, accounts and positions that were seen in public, read field by field."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.contract import ComboLeg, PlaceComboOrder
from gateway.live.account.standing import WhoseAccount
from gateway.live.account.trade_rows import trade_row
from gateway.live.errors import AnomalyError
from gateway.live.fields import AnswerFields, exact_json
from gateway.live.orders.combo_signs import oriented
from gateway.live.orders.registry import LabelState, Registered
from gateway.live.orders.rows import ListedOrder, contract_order, venue_order
from tests.gateway.live.trading_desk import Engine, traded

HIGH, LOW = "ETH-27MAR26-2000-P", "ETH-27MAR26-1800-P"
COMBO = "ETH-PS-27MAR26-2000_1800"


def seen(folder: Path, name: str) -> Any:
    found = exact_json((folder / f"{name}.json").read_bytes())
    found = found.get("response", found)
    return found.get("result", found.get("params", found))


@pytest.mark.parametrize(
    "name",
    [
        "recorded/ws_order_buy_response",
        "recorded/ws_order_sell_response",
        "recorded/ws_order_edit_response",
        "recorded/ws_order_cancel_response",
        "recorded/ws_order_stop_market_no_filled_amount",
        "recorded/ws_order_stop_market_response",
        "documented/private__buy",
        "documented/private__edit",
        "documented/private__cancel",
        "documented/private__get_order_state_by_label",
        "documented/private__get_open_orders_by_currency",
        "documented/private__get_order_history_by_currency",
        "documented/private__get_order_state",
    ],
)
def test_every_order_that_was_seen_is_read(deribit_responses: Path, name: str) -> None:
    found = seen(deribit_responses, name)
    rows = found if isinstance(found, list) else [found.get("order", found)]
    assert rows
    for row in rows:
        order = venue_order(AnswerFields(row, "order"))
        assert (order.order_id, order.label) == (row["order_id"], row["label"])
        shown = contract_order(order, None, None)
        at_market = row["price"] == "market_price"
        sign = 1 if row["direction"] == "buy" else -1
        assert shown.price == (0 if at_market else -sign * Decimal(str(row["price"])))
        assert shown.filled_amount == Decimal(str(row.get("filled_amount", 0)))
        assert (shown.average_price is None) == (shown.filled_amount == 0)


def order(**changed: object) -> ListedOrder:
    row: dict[str, object] = {
        "order_id": "ETH-1",
        "label": "one",
        "instrument_name": COMBO,
        "direction": "sell",
        "order_state": "open",
        "amount": 6,
        "filled_amount": 2,
        "price": 0.0075,
        "average_price": 0.00745,
        "creation_timestamp": 1_768_226_400_000,
        "last_update_timestamp": 1_768_226_401_000,
    }
    return venue_order(AnswerFields(json.loads(json.dumps(row | changed), parse_float=Decimal), "order"))


def registered(ratio: int = 2) -> Registered:
    legs = (
        ComboLeg(instrument_name=HIGH, side="sell", ratio=ratio),
        ComboLeg(instrument_name=LOW, side="buy", ratio=ratio),
    )
    request = PlaceComboOrder(legs=legs, amount=Decimal(3), side="sell", price=Decimal("0.0150"), label="one")
    turned = oriented(legs, COMBO, {HIGH: 1, LOW: -1})
    return Registered("one", request, turned, LabelState.PLACED, "ETH-1", "", 0)


def test_an_order_of_ours_is_shown_as_it_was_asked_for() -> None:
    shown = contract_order(order(), registered(), None)
    assert (int(shown.amount), int(shown.filled_amount)) == (3, 1)
    assert (shown.price, shown.average_price) == (Decimal("0.0150"), Decimal("0.0149"))
    assert [(leg.instrument_name, leg.side, leg.ratio) for leg in shown.legs] == [
        (HIGH, "sell", 2),
        (LOW, "buy", 2),
    ]


def test_an_order_of_somebody_else_is_shown_by_its_combos_legs() -> None:
    shown = contract_order(order(), None, {HIGH: 1, LOW: -1})
    assert (int(shown.amount), shown.price) == (6, Decimal("0.0075"))
    assert {leg.instrument_name: leg.side for leg in shown.legs} == {HIGH: "sell", LOW: "buy"}


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"direction": "buy"}, "expected to sell"),
        ({"instrument_name": "ETH-PS-27MAR26-2000_1700"}, "expected to sell"),
        ({"amount": 5}, "amount: expected a multiple"),
        ({"filled_amount": 1}, "filled_amount: expected a multiple"),
        ({"order_state": "halted"}, "expected a known state"),
        ({"price": None}, "order.price"),
        ({"amount": None}, "order.amount"),
        ({"order_id": ""}, "order.order_id"),
    ],
)
def test_an_order_that_contradicts_what_was_sent_is_an_anomaly(changed: dict[str, object], text: str) -> None:
    with pytest.raises(AnomalyError, match=text):
        contract_order(order(**changed), registered(), None)


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("recorded/http_get_last_trades_option_combo", "trades"),
        ("recorded/http_get_last_trades_historical_combo", "trades"),
        ("recorded/ws_trades_option_combo", "data"),
        ("community/deribit_http_trades_response", "trades"),
        ("documented/private__get_user_trades_by_order", ""),
    ],
)
def test_every_trade_that_was_seen_is_read(deribit_responses: Path, name: str, within: str) -> None:
    found = seen(deribit_responses, name)
    rows = found[within] if within else found
    assert rows
    for row in rows:
        trade = trade_row(AnswerFields(row, "trade"))
        assert trade.trade_id == str(row["trade_id"])
        assert {leg.parent_id for leg in trade.legs} <= {trade.trade_id}


@pytest.mark.parametrize("changed", [{"fee": -0.1}, {"fee": 0.1, "fee_currency": "USDC"}, {"trade_id": None}])
def test_a_fee_that_is_none_of_ours_is_an_anomaly(changed: dict[str, object]) -> None:
    row: dict[str, object] = {
        "trade_id": "ETH-1",
        "instrument_name": HIGH,
        "direction": "buy",
        "amount": 1,
        "price": 1,
        "timestamp": 1_768_226_400_000,
        "index_price": 2000,
    }
    with pytest.raises(AnomalyError):
        trade_row(AnswerFields(json.loads(json.dumps(row | changed), parse_float=Decimal), "trade"))


def test_margin_models_are_told_apart() -> None:
    assert not WhoseAccount("1", "main", "segregated_sm").is_cross
    assert WhoseAccount("1", "main", "cross_pm").is_cross
    assert WhoseAccount("1", "main", "cross_pm").is_portfolio


@pytest.mark.parametrize(
    "name", ["recorded/http_get_account_summaries", "recorded/http_get_account_summaries_cross_margin"]
)
def test_every_account_that_was_seen_is_read(deribit_responses: Path, tmp_path: Path, name: str) -> None:
    found = seen(deribit_responses, name)
    (ether,) = [row for row in found["summaries"] if row["currency"] == "ETH"]
    told = json.loads(json.dumps(ether | {"id": 10, "type": "main"}, default=float))

    async def play(engine: Engine) -> dict[str, Any]:
        return (await engine.ask("get_account_summary"))[1]

    shown = traded(
        tmp_path,
        play,
        instead={"get_account_summary": (200, {"result": told})},
        allow_cross_margin=True,
    )
    assert Decimal(shown["equity"]) == round(Decimal(str(ether["equity"])), 8)
    assert Decimal(shown["initial_margin"]) == round(Decimal(str(ether["initial_margin"])), 8)


@pytest.mark.parametrize(
    ("row", "size"),
    [
        ({"size": 3, "direction": "sell"}, "-3"),
        ({"size": -3, "direction": "sell"}, "-3"),
        ({"size": 3.0, "direction": "buy"}, "3"),
        ({"size": 0, "direction": "zero"}, None),
    ],
)
def test_a_positions_sign_is_its_direction(tmp_path: Path, row: dict[str, object], size: str | None) -> None:
    every = {
        "instrument_name": HIGH,
        "average_price": 0.01,
        "mark_price": 0.01,
        "floating_profit_loss": 0,
        "delta": 0.1,
    }

    async def play(engine: Engine) -> Any:
        return (await engine.ask("get_positions"))[1]["positions"]

    found = traded(tmp_path, play, instead={"get_positions": (200, {"result": [every | row]})})
    assert [each["size"] for each in found] == ([] if size is None else [size])
