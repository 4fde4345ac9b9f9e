"""Every tool of the contract by (router, tool), as a function from venue and body to the answer.

`TYPED` has the same tools for a caller in the same process: from venue and request to the answer as the model
that the caller would make of the body. The chain is not there: it is made in `gateway/paper/typed_chain.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from core import contract
from core.contract import TOOLS, Router, Tool, ToolAnswer
from core.contract.base import AnswerT, RequestT
from gateway.paper import account_tools as account
from gateway.paper import market_tools as public
from gateway.paper import trading_tools as private
from gateway.paper.typed_history import typed_dvol_history, typed_historical
from gateway.paper.venue import Venue
from gateway.shell.bodies import answer_json, parse_request

Call = Callable[[Venue, bytes], bytes]
TypedCall = Callable[[Venue, Any], ToolAnswer]
"""From venue and the tool's own request; of another one it makes no sense."""


class _Served(NamedTuple):
    name: tuple[Router, str]
    call: Call
    typed: TypedCall | None


def _served(tool: Tool[RequestT, AnswerT], handle: Callable[[Venue, RequestT], AnswerT]) -> _Served:
    def call(venue: Venue, body: bytes) -> bytes:
        return answer_json(handle(venue, parse_request(tool.request, body)))

    return _Served((tool.router, tool.name), call, handle)


def _formatted(
    tool: Tool[RequestT, AnswerT],
    handle: Callable[[Venue, RequestT], bytes],
    typed: Callable[[Venue, RequestT], AnswerT] | None,
) -> _Served:
    """A tool whose body is formatted by hand."""

    def call(venue: Venue, body: bytes) -> bytes:
        return handle(venue, parse_request(tool.request, body))

    return _Served((tool.router, tool.name), call, typed)


_SERVED: Final = (
    _served(contract.ENVIRONMENT_INFO, lambda venue, _: private.environment_info(venue, "paper")),
    _served(contract.GET_INDEX_PRICE, public.get_index_price),
    _served(contract.GET_DVOL, public.get_dvol),
    _formatted(contract.GET_DVOL_HISTORY, public.get_dvol_history, typed_dvol_history),
    _formatted(contract.GET_HISTORICAL, public.get_historical, typed_historical),
    _served(contract.GET_INSTRUMENTS, public.get_instruments),
    _formatted(contract.GET_OPTIONS_CHAIN, public.get_options_chain, None),
    _served(contract.GET_ORDER_BOOK, public.get_order_book),
    _served(contract.GET_ACCOUNT_SUMMARY, account.get_account_summary),
    _served(contract.GET_POSITIONS, private.get_positions),
    _served(contract.PLACE_COMBO_ORDER, private.place_combo_order),
    _served(contract.GET_ORDER_BY_LABEL, private.get_order_by_label),
    _served(contract.GET_OPEN_ORDERS, private.get_open_orders),
    _served(contract.EDIT_ORDER, private.edit_order),
    _served(contract.GET_ORDER_HISTORY, private.get_order_history),
    _served(contract.GET_USER_TRADES, private.get_user_trades),
    _served(contract.GET_MARGINS, private.get_margins),
    _served(contract.CANCEL_ORDER, private.cancel_order),
    _served(contract.CANCEL_ALL, private.cancel_all),
    _served(contract.GET_TRADES_BY_ORDER, private.get_trades_by_order),
    _served(contract.GET_SETTLEMENTS, private.get_settlements),
    _served(contract.GET_FUNDING_RATE, public.get_funding_rate),
    _served(contract.GET_FUNDING_HISTORY, public.get_funding_history),
    _served(contract.GET_CALENDAR, public.get_calendar),
    _served(contract.GET_CROSS_EXCHANGE_FUNDING, public.get_cross_exchange_funding),
    _served(contract.GET_LIQUIDATION_PRESSURE, public.get_liquidation_pressure),
    _served(contract.GET_TOTAL_EQUITY, account.get_total_equity),
    _served(contract.GET_HOLDINGS, lambda venue, _: account.get_holdings(venue)),
    _served(contract.GET_FX_RATE, account.get_fx_rate),
)
TOOLBOX: Final[Mapping[tuple[Router, str], Call]] = {served.name: served.call for served in _SERVED}
TYPED: Final[Mapping[tuple[Router, str], TypedCall]] = {
    served.name: served.typed for served in _SERVED if served.typed is not None
}

if TOOLBOX.keys() != TOOLS.keys():
    missing, unknown = TOOLS.keys() - TOOLBOX.keys(), TOOLBOX.keys() - TOOLS.keys()
    raise AssertionError(
        f"toolbox: expected the tools of the contract; missing {sorted(missing)}, unknown {sorted(unknown)}"
    )
