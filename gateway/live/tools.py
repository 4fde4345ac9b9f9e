"""Every tool of the contract by (router, tool), as a function from gateway and body to the answer.

Without a key there is no account: what it holds is nothing, so that the engine can compare its books and
watch the market, and whatever would need one is refused. Nobody trades so: no feature is claimed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

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
from gateway.live.trading import AccountTrading
from gateway.shell.bodies import answer_json, parse_request
from gateway.shell.refusals import SoftRefusalError

Call = Callable[[LiveSources, bytes, Deadline], Awaitable[bytes]]
NO_RIGHTS: Final = "13021 forbidden"


async def _environment(sources: LiveSources, _: object, deadline: Deadline) -> EnvironmentInfo:
    """Asked anew each time: the venue's clock lies between asking and hearing."""
    at = await sources.venue_time(deadline)
    return EnvironmentInfo(
        environment=sources.settings.environment,
        account=sources.account,
        server_time=at,
        features=() if sources.trading is None else sources.trading.features,
    )


async def _liquidations(
    sources: LiveSources, request: contract.CoinRequest, _: Deadline
) -> LiquidationPressure:
    return await sources.liquidation_pressure(request)


def _of_account(
    tool: Tool[RequestT, AnswerT],
    handle: Callable[[AccountTrading, RequestT, Deadline], Awaitable[ToolAnswer]],
    nothing: ToolAnswer | None = None,
) -> tuple[tuple[Router, str], Call]:
    """A tool of an account. Without one it is answered with `nothing`, or refused."""

    async def served(sources: LiveSources, request: RequestT, deadline: Deadline) -> ToolAnswer:
        if sources.trading is not None:
            return await handle(sources.trading, request, deadline)
        if nothing is None:
            raise SoftRefusalError(NO_RIGHTS, f"this gateway serves market data alone ({sources.account})")
        return nothing

    return _served(tool, served)


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
        _of_account(contract.GET_ACCOUNT_SUMMARY, lambda of, asked, by: of.account.summary(asked, by)),
        _of_account(
            contract.GET_POSITIONS,
            lambda of, asked, by: of.account.positions(asked, by),
            contract.Positions(positions=()),
        ),
        _of_account(contract.PLACE_COMBO_ORDER, lambda of, asked, by: of.place(asked, by)),
        _of_account(
            contract.GET_ORDER_BY_LABEL,
            lambda of, asked, by: of.changing.by_label(asked, by),
            contract.MaybeOrder(order=None),
        ),
        _of_account(
            contract.GET_OPEN_ORDERS,
            lambda of, asked, by: of.changing.open_orders(asked, by),
            contract.Orders(orders=()),
        ),
        _of_account(
            contract.GET_ORDER_HISTORY,
            lambda of, asked, by: of.changing.history(asked, by),
            contract.Orders(orders=()),
        ),
        _of_account(contract.EDIT_ORDER, lambda of, asked, by: of.changed(of.changing.edit(asked, by))),
        _of_account(contract.CANCEL_ORDER, lambda of, asked, by: of.changed(of.changing.cancel(asked, by))),
        _of_account(contract.CANCEL_ALL, lambda of, asked, by: of.changed(of.changing.cancel_all(asked, by))),
        _of_account(contract.GET_MARGINS, lambda of, asked, by: of.margins(asked, by)),
        _of_account(
            contract.GET_USER_TRADES,
            lambda of, asked, by: of.trades.since(asked, by),
            contract.Trades(trades=()),
        ),
        _of_account(
            contract.GET_TRADES_BY_ORDER,
            lambda of, asked, by: of.trades.of_order(asked, by),
            contract.Trades(trades=()),
        ),
        _of_account(
            contract.GET_SETTLEMENTS,
            lambda of, asked, by: of.deliveries.settlements(asked, by),
            contract.Settlements(settlements=()),
        ),
        _of_account(contract.GET_TOTAL_EQUITY, lambda of, asked, by: of.portfolio.total(asked, by)),
        _of_account(contract.GET_HOLDINGS, lambda of, _, by: of.portfolio.holdings(by)),
    )
)

if TOOLBOX.keys() != TOOLS.keys():
    missing, unknown = TOOLS.keys() - TOOLBOX.keys(), TOOLBOX.keys() - TOOLS.keys()
    raise AssertionError(
        f"toolbox: expected the tools of the contract; missing {sorted(missing)}, unknown {sorted(unknown)}"
    )
