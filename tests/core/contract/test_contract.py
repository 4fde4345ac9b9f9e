"""The upstream contract's models: money as text, statistics as numbers, times with a zone, all frozen."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from core import contract
from core.contract import (
    GET_CALENDAR,
    REQUIRED_FEATURES,
    TOOLS,
    AccountSummary,
    Amount,
    Calendar,
    Dvol,
    GetOrderByLabel,
    Holding,
    IndexPrice,
    MaybeOrder,
    Money,
    NoArguments,
    PlaceComboOrder,
    Router,
    Statistic,
    Tool,
    Trade,
    UtcTime,
    health_path,
    iso_utc,
    tool_path,
)
from core.contract.asked import other_than_asked
from core.contract.registry import by_name
from tests.core.orders.test_reconcile import order

MONEY: TypeAdapter[Decimal] = TypeAdapter(Money)
AMOUNT: TypeAdapter[Decimal] = TypeAdapter(Amount)
STATISTIC: TypeAdapter[float] = TypeAdapter(Statistic)
TIME: TypeAdapter[object] = TypeAdapter(UtcTime)
FINITE = st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**9), max_value=10**9)


def placement(**changes: object) -> str:
    order = {
        "legs": [{"instrument_name": "ETH-16JAN26-2800-P", "side": "sell"}],
        "amount": "2",
        "side": "sell",
        "price": "0.0125",
        "label": "p1:e1",
    }
    return json.dumps(order | changes)


@given(FINITE)
def test_money_travels_as_plain_text_and_comes_back_exactly(amount: Decimal) -> None:
    text = MONEY.dump_json(amount)
    assert text == f'"{amount:f}"'.encode()
    assert MONEY.validate_json(text) == amount


@pytest.mark.parametrize("text", ["1.5", "1", "true", "null", '"NaN"', '"Infinity"', '"abc"', "{}"])
def test_money_is_nothing_but_decimal_text(text: str) -> None:
    with pytest.raises(ValidationError):
        MONEY.validate_json(text)


def test_an_amount_may_be_a_whole_number_but_no_float() -> None:
    assert AMOUNT.validate_json("2") == AMOUNT.validate_json('"2"') == 2
    for text in ("2.0", "true"):
        with pytest.raises(ValidationError):
            AMOUNT.validate_json(text)


@pytest.mark.parametrize("text", ['"1.5"', "NaN", "Infinity", "true", "null"])
def test_a_statistic_is_a_finite_number(text: str) -> None:
    assert STATISTIC.validate_json("62.5") == 62.5
    assert STATISTIC.validate_json("62") == 62.0
    with pytest.raises(ValidationError):
        STATISTIC.validate_json(text)


@pytest.mark.parametrize("text", ['"2026-01-05T14:00:00"', "1767621600", '"yesterday"'])
def test_a_time_is_iso_text_with_a_zone(text: str) -> None:
    with pytest.raises(ValidationError):
        TIME.validate_json(text)


def test_a_time_is_told_in_utc_with_z() -> None:
    assert TIME.dump_json(TIME.validate_json('"2026-01-05T15:00:00+01:00"')) == b'"2026-01-05T14:00:00Z"'


@pytest.mark.usefixtures("far_from_utc")
def test_the_zone_of_the_machine_does_not_matter() -> None:
    told = '"2026-01-05T15:00:00+01:00"'
    assert str(TIME.validate_json(told)) == "2026-01-05 14:00:00+00:00"
    assert iso_utc(datetime(2026, 1, 5, 15, tzinfo=timezone(timedelta(hours=1)))) == "2026-01-05T14:00:00Z"


@pytest.mark.parametrize(
    ("adapter", "text", "said"),
    [
        (MONEY, "1.5", "expected a decimal as text, found float"),
        (AMOUNT, "1.5", "expected a decimal as text or a whole number, found float"),
        (AMOUNT, "true", "expected a decimal as text or a whole number, found bool"),
        (TIME, "1767621600", "expected an ISO-8601 time as text, found int"),
    ],
)
def test_what_is_refused_is_named_by_its_type(adapter: TypeAdapter[object], text: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        adapter.validate_json(text)
    assert refused.value.errors()[0]["msg"] == f"Value error, {said}"


def test_every_tool_of_the_page_is_in_the_registry() -> None:
    deribit = """environment_info get_index_price get_dvol get_dvol_history get_historical get_instruments
    get_options_chain get_order_book get_account_summary get_positions place_combo_order get_order_by_label
    get_open_orders edit_order get_order_history get_user_trades get_margins cancel_order cancel_all
    get_trades_by_order get_settlements"""
    others = {
        "hyperliquid": "get_funding_rate get_funding_history",
        "macro": "get_calendar",
        "sentiment": "get_cross_exchange_funding get_liquidation_pressure",
        "portfolio": "get_total_equity get_holdings get_fx_rate",
    }
    expected = {(router, tool) for router, tools in others.items() for tool in tools.split()}
    assert set(TOOLS) == expected | {("deribit", tool) for tool in deribit.split()}
    assert {router for router, _ in TOOLS} == set(Router)
    assert {"valid_until", "label_lookup", "order_history"} == REQUIRED_FEATURES


def test_two_tools_of_one_name_are_refused() -> None:
    other = Tool(Router.MACRO, "get_calendar", NoArguments, Calendar)
    with pytest.raises(AssertionError, match="expected macro get_calendar once, found it twice"):
        by_name((GET_CALENDAR, other))
    assert list(by_name((GET_CALENDAR, GET_CALENDAR))) == [(Router.MACRO, "get_calendar")]


def test_paths_are_those_of_the_contract() -> None:
    assert tool_path(Router.DERIBIT, "get_dvol") == "/mcp-deribit/tools/get_dvol"
    assert health_path(Router.MACRO) == "/mcp-macro/health"


@pytest.mark.parametrize("model", [m for tool in TOOLS.values() for m in (tool.request, tool.answer)])
def test_models_are_frozen_requests_closed_and_answers_open(model: type[BaseModel]) -> None:
    is_answer = model in {contract.answer for contract in TOOLS.values()}
    assert model.model_config["frozen"] is True
    assert model.model_config["extra"] == ("ignore" if is_answer else "forbid")


def test_a_spot_or_dvol_of_zero_is_no_answer() -> None:
    stamp = '"timestamp":"2026-01-05T14:00:00Z"'
    for model, body in ((IndexPrice, f'{{"price":"0",{stamp}}}'), (Dvol, f'{{"dvol":0.0,{stamp}}}')):
        with pytest.raises(ValidationError):
            model.model_validate_json(body)


@pytest.mark.parametrize(
    "changes",
    [
        {"side": "buy"},
        {"price": "-0.0125"},
        {"label": ""},
        {"label": "x" * 65},
        {"type": "market"},
        {"legs": []},
        {"amount": "0"},
    ],
)
def test_an_order_that_contradicts_itself_is_refused(changes: dict[str, object]) -> None:
    PlaceComboOrder.model_validate_json(placement())
    with pytest.raises(ValidationError):
        PlaceComboOrder.model_validate_json(placement(**changes))


def test_an_unknown_field_of_an_answer_does_not_matter() -> None:
    names = ("equity", "balance", "available_funds", "initial_margin", "maintenance_margin", "new")
    body = json.dumps(dict.fromkeys(names, "1"))
    assert AccountSummary.model_validate_json(body).equity == 1


def test_a_trade_at_a_negative_price_is_no_trade() -> None:
    """An option's price is never below 0; booking one would record money that the venue never moved."""
    trade = {
        "trade_id": "T-1",
        "order_id": "O-1",
        "label": "p-entry-1:e1",
        "instrument_name": "ETH-16JAN26-3200-P",
        "side": "buy",
        "amount": "2",
        "price": "0.0046",
        "fee": "0.0006",
        "timestamp": "2026-01-05T14:03:03Z",
        "index_price": "3763",
    }
    assert Trade.model_validate(trade).price > 0
    with pytest.raises(ValidationError, match="price"):
        Trade.model_validate({**trade, "price": "-0.0046"})
    with pytest.raises(ValidationError, match="fee"):
        Trade.model_validate({**trade, "fee": "-0.0003"})


def test_each_name_of_the_contract_comes_from_one_of_its_files() -> None:
    for name in contract.__all__:
        assert contract.__getattr__(name) is getattr(contract, name)


def test_a_name_that_no_file_of_the_contract_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AttributeError, match="GetWeather"):
        contract.__getattr__("GetWeather")
    monkeypatch.setattr(contract, "__all__", ["GetWeather"])
    with pytest.raises(AttributeError, match="GetWeather"):
        contract.__getattr__("GetWeather")


def test_an_answer_about_another_order_than_the_one_asked_for_is_told() -> None:
    asked = GetOrderByLabel(label="p-1:abcdef:e1")
    ours, another = order(label="p-1:abcdef:e1"), order(label="p-1:abcdef:e2")
    assert other_than_asked(asked, MaybeOrder(order=ours)) is None
    assert other_than_asked(asked, MaybeOrder(order=None)) is None
    assert other_than_asked(asked, MaybeOrder(order=another)) == (
        "expected an order under p-1:abcdef:e1, found p-1:abcdef:e2"
    )
    unnamed = MaybeOrder(order=another.model_copy(update={"label": ""}))
    assert other_than_asked(asked, unnamed) == (
        "expected an order under p-1:abcdef:e1, found one without a label"
    )
    assert other_than_asked(NoArguments(), MaybeOrder(order=another)) is None


AMOUNTS = {"amount": "1", "value_eur": "1", "share": 0.1}


@pytest.mark.parametrize(("asset", "read"), [("ETH", "ETH"), ("tether usd", "TETHER_USD")])
def test_a_holding_of_several_words_is_named_by_one(asset: str, read: str) -> None:
    assert Holding.model_validate({"asset": asset, **AMOUNTS}).asset == read


def test_an_answer_of_trusted_values_is_the_one_that_validation_gives_and_as_frozen() -> None:
    fields = {"price": Decimal("3000.00"), "timestamp": datetime(2026, 1, 5, 14, tzinfo=UTC)}
    trusted, validated = IndexPrice.trusted(**fields), IndexPrice.model_validate(fields)
    assert trusted == validated
    assert trusted.model_dump_json() == validated.model_dump_json()
    assert trusted.model_copy().model_fields_set == validated.model_fields_set
    with pytest.raises(ValidationError, match="frozen"):
        trusted.price = Decimal(1)  # type: ignore[misc]
