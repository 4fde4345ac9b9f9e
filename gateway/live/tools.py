"""Every tool of the contract by (router, tool), as a function from gateway and body to the answer.

Without a key there is no account: what it holds is nothing, so that the engine can compare its books and
watch the market, and whatever would need one is refused. Nobody trades so: no feature is claimed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from core import contract
from core.contract import (
    TOOLS,
    EnvironmentInfo,
    LiquidationPressure,
    Router,
    Tool,
    ToolAnswer,
)
from core.contract.base import AnswerT, RequestT
from gateway.live.deadline import Deadline
from gateway.live.sources import LiveSources
from gateway.shell.bodies import answer_json, parse_request
from gateway.shell.refusals import SoftRefusalError

Call = Callable[[LiveSources, bytes, Deadline], Awaitable[bytes]]
NO_RIGHTS: Final = "13021 forbidden"


async def _environment(sources: LiveSources, _: object, deadline: Deadline) -> EnvironmentInfo:
    """Asked anew each time: the venue's clock lies between asking and hearing."""
    at = await sources.venue_time(deadline)
    return EnvironmentInfo(
        environment=sources.settings.environment, account=sources.account, server_time=at, features=()
    )


async def _liquidations(
    sources: LiveSources, request: contract.CoinRequest, _: Deadline
) -> LiquidationPressure:
    return await sources.liquidation_pressure(request)


async def _needs_key(sources: LiveSources, _: object, __: Deadline) -> ToolAnswer:
    raise SoftRefusalError(NO_RIGHTS, f"this gateway serves market data alone ({sources.account})")


def _holding_nothing(tool: Tool[Any, Any], nothing: ToolAnswer) -> tuple[tuple[Router, str], Call]:
    """A list of what an account holds: empty if there is no account, and refused if there is one."""

    async def handle(sources: LiveSources, request: object, deadline: Deadline) -> ToolAnswer:
        return nothing if sources.settings.key is None else await _needs_key(sources, request, deadline)

    return _served(tool, handle)


def _needing_key(tool: Tool[Any, Any]) -> tuple[tuple[Router, str], Call]:
    return _served(tool, _needs_key)


def _served(
    tool: Tool[RequestT, AnswerT], handle: Callable[[LiveSources, RequestT, Deadline], Awaitable[ToolAnswer]]
) -> tuple[tuple[Router, str], Call]:
    async def call(sources: LiveSources, body: bytes, deadline: Deadline) -> bytes:
        return answer_json(await handle(sources, parse_request(tool.request, body), deadline))

    return (tool.router, tool.name), call


TOOLBOX: Final[Mapping[tuple[Router, str], Call]] = dict(
    (
        _served(contract.ENVIRONMENT_INFO, _environment),
        _served(contract.GET_INDEX_PRICE, lambda all_, asked, by: all_.market.index_price(asked, by)),
        _served(contract.GET_DVOL, lambda all_, asked, by: all_.market.dvol(asked, by)),
        _served(contract.GET_DVOL_HISTORY, lambda all_, asked, by: all_.history.dvol_history(asked, by)),
        _served(contract.GET_HISTORICAL, lambda all_, asked, by: all_.history.historical(asked, by)),
        _served(contract.GET_INSTRUMENTS, lambda all_, asked, by: all_.market.instruments(asked, by)),
        _served(contract.GET_OPTIONS_CHAIN, lambda all_, asked, by: all_.market.options_chain(asked, by)),
        _served(contract.GET_ORDER_BOOK, lambda all_, asked, by: all_.market.order_book(asked, by)),
        _served(contract.GET_FUNDING_RATE, lambda all_, asked, by: all_.hyperliquid.rate(asked, by)),
        _served(contract.GET_FUNDING_HISTORY, lambda all_, asked, by: all_.hyperliquid.history(asked, by)),
        _served(contract.GET_CALENDAR, lambda all_, asked, _: all_.events(asked)),
        _served(contract.GET_CROSS_EXCHANGE_FUNDING, lambda all_, of, by: all_.exchanges.funding(of, by)),
        _served(contract.GET_LIQUIDATION_PRESSURE, _liquidations),
        _served(contract.GET_FX_RATE, lambda all_, asked, by: all_.fx.rate(asked, by)),
        _holding_nothing(contract.GET_POSITIONS, contract.Positions(positions=())),
        _holding_nothing(contract.GET_ORDER_BY_LABEL, contract.MaybeOrder(order=None)),
        _holding_nothing(contract.GET_OPEN_ORDERS, contract.Orders(orders=())),
        _holding_nothing(contract.GET_ORDER_HISTORY, contract.Orders(orders=())),
        _holding_nothing(contract.GET_USER_TRADES, contract.Trades(trades=())),
        _holding_nothing(contract.GET_TRADES_BY_ORDER, contract.Trades(trades=())),
        _holding_nothing(contract.GET_SETTLEMENTS, contract.Settlements(settlements=())),
        *(
            _needing_key(tool)
            for tool in (
                contract.GET_ACCOUNT_SUMMARY,
                contract.PLACE_COMBO_ORDER,
                contract.EDIT_ORDER,
                contract.GET_MARGINS,
                contract.CANCEL_ORDER,
                contract.CANCEL_ALL,
                contract.GET_TOTAL_EQUITY,
                contract.GET_HOLDINGS,
            )
        ),
    )
)

if TOOLBOX.keys() != TOOLS.keys():
    missing, unknown = TOOLS.keys() - TOOLBOX.keys(), TOOLBOX.keys() - TOOLS.keys()
    raise AssertionError(
        f"toolbox: expected the tools of the contract; missing {sorted(missing)}, unknown {sorted(unknown)}"
    )
