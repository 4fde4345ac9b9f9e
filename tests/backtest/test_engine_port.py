"""The port of values answers as the wire does: the same orders and refusals, the same kinds of error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import BaseModel

from actors.mcp import Declined, McpClient, McpCredentials, ToolPort
from actors.runtime.testing import FakeContext
from core.contract import (
    ComboLeg,
    CurrencyRequest,
    EditOrderRequest,
    GetOptionsChain,
    GetOrderBook,
    NoArguments,
    Order,
    OrderIdRequest,
    PlaceComboOrder,
    Router,
)
from core.errors import McpDataAnomalyError, McpError, McpRequestError, McpToolNotFoundError
from core.market.option_chain import OptionChain
from core.strategy import Strategy
from gateway.paper.account import Account
from gateway.paper.assumptions import Assumptions
from gateway.paper.dispatch import Dispatch
from gateway.paper.faults import Faults
from gateway.paper.model_market import ModelMarket
from gateway.paper.venue import Venue
from lab.backtest.engine.port import TypedVenue
from lab.backtest.reader import VenueChains
from lab.in_process import in_process_transport

START = datetime(2026, 1, 5, 14, tzinfo=UTC)
TOKEN = "t" * 20
LEGS = (
    ComboLeg(instrument_name="ETH-16JAN26-3000-C", side="sell", ratio=1),
    ComboLeg(instrument_name="ETH-16JAN26-3200-C", side="buy", ratio=1),
)


class NothingKept:
    """A run that ends with the test."""

    def save(self, clock: datetime, account: Account, fault_counts: Mapping[str, int]) -> None: ...

    def load(self) -> None:
        return None


def venue() -> Venue:
    return Venue(ModelMarket(1), Account(Decimal(10)), START, Assumptions())


def wire(at: datetime) -> ToolPort:
    ctx = FakeContext("mcp.deribit", now=at)
    dispatch = Dispatch(venue(), TOKEN, Faults([], 1, {}), NothingKept())
    return McpClient(
        router=Router.DERIBIT,
        transport=in_process_transport(dispatch, (0.0, 0.0))(ctx),
        credentials=McpCredentials(TOKEN),
        strategy=Strategy(),
    )


def values(at: datetime) -> ToolPort:
    strategy, made = Strategy(), venue()
    typed = TypedVenue(made, strategy, VenueChains(made.source, strategy.anomalies))
    return typed.open_port(FakeContext("mcp.deribit", now=at), Router.DERIBIT)


@pytest.fixture(params=[wire, values], ids=["wire", "values"])
def port(request: pytest.FixtureRequest) -> Iterator[ToolPort]:
    opened: Callable[[datetime], ToolPort] = request.param
    made = opened(START)
    yield made
    made.close()


def placed(label: str = "p-1:e1", price: str = "0.02") -> PlaceComboOrder:
    return PlaceComboOrder(
        legs=LEGS, amount=Decimal(2), side="sell", price=Decimal(price), label=label, reduce_only=False
    )


def changed(tool: str, request: BaseModel) -> tuple[object, object]:
    """What both ports answer after an order that rests."""
    found = []
    for opened in (wire, values):
        port = opened(START)
        first = port.change("place_combo_order", placed(), correlation="entry-1")
        assert isinstance(first, Order)
        found.append(port.change(tool, request, correlation="entry-1"))
    return found[0], found[1]


@pytest.mark.parametrize(
    ("tool", "request_"),
    [
        pytest.param("place_combo_order", placed("p-2:e1"), id="another order"),
        pytest.param("place_combo_order", placed(), id="a label that was used"),
        pytest.param("place_combo_order", placed("p-3:e1", "5"), id="beyond the band"),
        pytest.param("place_combo_order", placed("p-4:e1", "0.00015"), id="off the tick"),
        pytest.param(
            "edit_order", EditOrderRequest(order_id="ETH-O-000000001", price=Decimal("0.019")), id="an edit"
        ),
        pytest.param("edit_order", EditOrderRequest(order_id="x", price=Decimal("0.02")), id="no such order"),
        pytest.param(
            "edit_order", EditOrderRequest(order_id="ETH-O-000000001", price=Decimal(-1)), id="wrong sign"
        ),
        pytest.param("cancel_order", OrderIdRequest(order_id="ETH-O-000000001"), id="a cancel"),
    ],
)
def test_an_order_is_changed_or_refused_alike(tool: str, request_: BaseModel) -> None:
    over_the_wire, by_value = changed(tool, request_)
    if isinstance(over_the_wire, Declined) and isinstance(by_value, Declined):
        assert over_the_wire.reason == by_value.reason
    else:
        assert over_the_wire == by_value


@pytest.mark.parametrize(
    ("tool", "request_", "error"),
    [
        ("no_such_tool", NoArguments(), McpToolNotFoundError),
        ("get_index_price", NoArguments(), McpRequestError),
        ("get_order_book", GetOrderBook(instrument_name="ETH-16JAN26-1-C"), McpRequestError),
        (
            "get_options_chain",
            GetOptionsChain(expiry_from=START, expiry_to=START + timedelta(minutes=1)),
            McpDataAnomalyError,
        ),
    ],
)
def test_a_read_fails_alike(port: ToolPort, tool: str, request_: BaseModel, error: type[McpError]) -> None:
    with pytest.raises(error):
        port.read(tool, request_, correlation="entry-1", now=START)


def test_a_price_of_another_time_is_refused(port: ToolPort) -> None:
    with pytest.raises(McpDataAnomalyError, match="ahead of the clock"):
        # The venue's clock does not go back.
        port.read("get_index_price", CurrencyRequest(), correlation="entry-1", now=START - timedelta(hours=1))


def test_a_stored_snapshot_holds_what_it_looks_at() -> None:
    port = values(START)
    span = GetOptionsChain(expiry_from=START, expiry_to=START + timedelta(days=25))
    glance = port.read("get_options_chain", span, correlation="market_snapshot-1", now=START)
    whole = port.read("get_options_chain", span, correlation="monitor-1", now=START)
    assert isinstance(glance, OptionChain)
    assert isinstance(whole, OptionChain)
    assert glance.expiries == whole.expiries
    name = LEGS[0].instrument_name
    left, right = glance.quote(name), whole.quote(name)
    assert left is not None
    assert right is not None
    assert (left.price_texts, left.delta, left.faults) == (right.price_texts, right.delta, right.faults)
    assert glance.quote("ETH-16JAN26-1-C") is None
    sides = [quote for expiry in glance.expiries for quote in glance.side(expiry, left.option_type)]
    assert [quote.instrument_name for quote in sides] == [name]
