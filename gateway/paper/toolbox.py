"""Every tool of the contract by (router, tool), as a function from venue and body to the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from pydantic import ValidationError

from core.contract import TOOLS, Router, ToolAnswer, ToolRequest
from core.contract import deribit_market as market
from core.contract import deribit_trading as trading
from core.contract.base import CurrencyRequest, NoArguments
from core.contract.hyperliquid import GetFundingHistory, GetFundingRate
from core.contract.macro import GetCalendar
from core.contract.portfolio import GetFxRate
from core.contract.sentiment import CoinRequest
from gateway.paper import market_tools as public
from gateway.paper import trading_tools as private
from gateway.paper.refusals import MalformedRequestError
from gateway.paper.venue import Venue

Request = TypeVar("Request", bound=ToolRequest)
Tool = Callable[[Venue, bytes], bytes]


def parse_request(model: type[Request], body: bytes) -> Request:
    """The body as its model. Raises `MalformedRequestError` naming each field that is wrong."""
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        details = (
            f"{'.'.join(str(part) for part in item['loc']) or 'body'}: {item['msg']}"
            for item in error.errors()
        )
        raise MalformedRequestError("; ".join(details)) from error


def answer_json(answer: ToolAnswer) -> bytes:
    """An answer as it travels."""
    return answer.model_dump_json().encode()


def _tool(model: type[Request], handle: Callable[[Venue, Request], ToolAnswer | bytes]) -> Tool:
    def call(venue: Venue, body: bytes) -> bytes:
        answer = handle(venue, parse_request(model, body))
        return answer if isinstance(answer, bytes) else answer_json(answer)

    return call


TOOLBOX: Final[Mapping[tuple[Router, str], Tool]] = {
    (Router.DERIBIT, "environment_info"): _tool(
        NoArguments, lambda venue, _: private.environment_info(venue, "paper")
    ),
    (Router.DERIBIT, "get_index_price"): _tool(CurrencyRequest, public.get_index_price),
    (Router.DERIBIT, "get_dvol"): _tool(CurrencyRequest, public.get_dvol),
    (Router.DERIBIT, "get_dvol_history"): _tool(market.GetDvolHistory, public.get_dvol_history),
    (Router.DERIBIT, "get_historical"): _tool(market.GetHistorical, public.get_historical),
    (Router.DERIBIT, "get_instruments"): _tool(market.GetInstruments, public.get_instruments),
    (Router.DERIBIT, "get_options_chain"): _tool(market.GetOptionsChain, public.get_options_chain),
    (Router.DERIBIT, "get_order_book"): _tool(market.GetOrderBook, public.get_order_book),
    (Router.DERIBIT, "get_account_summary"): _tool(CurrencyRequest, private.get_account_summary),
    (Router.DERIBIT, "get_positions"): _tool(CurrencyRequest, private.get_positions),
    (Router.DERIBIT, "place_combo_order"): _tool(trading.PlaceComboOrder, private.place_combo_order),
    (Router.DERIBIT, "get_order_by_label"): _tool(trading.GetOrderByLabel, private.get_order_by_label),
    (Router.DERIBIT, "get_open_orders"): _tool(CurrencyRequest, private.get_open_orders),
    (Router.DERIBIT, "edit_order"): _tool(trading.EditOrderRequest, private.edit_order),
    (Router.DERIBIT, "get_order_history"): _tool(trading.GetOrderHistory, private.get_order_history),
    (Router.DERIBIT, "get_user_trades"): _tool(trading.GetSince, private.get_user_trades),
    (Router.DERIBIT, "get_margins"): _tool(trading.GetMargins, private.get_margins),
    (Router.DERIBIT, "cancel_order"): _tool(trading.OrderIdRequest, private.cancel_order),
    (Router.DERIBIT, "cancel_all"): _tool(CurrencyRequest, private.cancel_all),
    (Router.DERIBIT, "get_trades_by_order"): _tool(trading.OrderIdRequest, private.get_trades_by_order),
    (Router.DERIBIT, "get_settlements"): _tool(trading.GetSince, private.get_settlements),
    (Router.HYPERLIQUID, "get_funding_rate"): _tool(GetFundingRate, public.get_funding_rate),
    (Router.HYPERLIQUID, "get_funding_history"): _tool(GetFundingHistory, public.get_funding_history),
    (Router.MACRO, "get_calendar"): _tool(GetCalendar, public.get_calendar),
    (Router.SENTIMENT, "get_cross_exchange_funding"): _tool(CoinRequest, public.get_cross_exchange_funding),
    (Router.SENTIMENT, "get_liquidation_pressure"): _tool(CoinRequest, public.get_liquidation_pressure),
    (Router.PORTFOLIO, "get_total_equity"): _tool(CurrencyRequest, private.get_total_equity),
    (Router.PORTFOLIO, "get_holdings"): _tool(NoArguments, lambda venue, _: private.get_holdings(venue)),
    (Router.PORTFOLIO, "get_fx_rate"): _tool(GetFxRate, private.get_fx_rate),
}

if TOOLBOX.keys() != TOOLS.keys():
    raise AssertionError(f"tools: expected those of the contract, found {TOOLBOX.keys() ^ TOOLS.keys()}")
