"""The account is read while something is held, and nothing waits long for it or depends on it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.contract import AccountSummary, FxRate, TotalEquity
from core.messages.market_data import MarketSnapshotStored
from core.messages.mcp import McpFault
from core.messages.state import BooksRead, GetBooks, Recorded
from core.rules.facts import HeldAccount, MonitorMarket
from tests.actors.decision.desk import position
from tests.actors.market_data.room import HOUR, Room
from tests.core.example_market import EXPIRY, FAR_EXPIRY, NOW

ACCOUNT = HeldAccount(venue_equity_eth=10.5, maintenance_margin_eth=0.4, equity_usd=200_000.0, eur_usd=1.17)
ACCOUNT_TOOLS = {"get_account_summary", "get_total_equity", "get_fx_rate"}
WORTH_TOOLS = ACCOUNT_TOOLS - {"get_account_summary"}
"""Read while something is held; the account at the venue is read always."""


def stored(room: Room) -> MarketSnapshotStored:
    room.tell(Recorded(request_id=room.record().request_id))
    return room.sent("decision", MarketSnapshotStored)[-1]


def monitored(room: Room, **answers: Any) -> MonitorMarket:
    room.ask_monitor()
    room.answer(**answers)
    market = room.market()
    assert isinstance(market, MonitorMarket)
    return market


def test_a_monitor_reads_the_account() -> None:
    assert monitored(Room()).account == ACCOUNT


@pytest.mark.parametrize(
    ("tool", "unknown"),
    [
        ("get_account_summary", {"venue_equity_eth": None, "maintenance_margin_eth": None}),
        ("get_total_equity", {"equity_usd": None}),
        ("get_fx_rate", {"eur_usd": None}),
    ],
)
def test_a_monitor_without_a_part_of_the_account_is_read_all_the_same(
    tool: str, unknown: dict[str, None]
) -> None:
    assert monitored(Room(), fail={tool: McpFault.SERVER}).account == ACCOUNT.model_copy(update=unknown)


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        (
            {
                "get_account_summary": AccountSummary(
                    equity=Decimal(10),
                    balance=Decimal(10),
                    available_funds=Decimal(9),
                    initial_margin=Decimal(1),
                    maintenance_margin=Decimal("-0.1"),
                )
            },
            {"venue_equity_eth": None, "maintenance_margin_eth": None},
        ),
        ({"get_fx_rate": FxRate(rate=117.0, timestamp=NOW)}, {"eur_usd": None}),
        (
            {"get_total_equity": TotalEquity(equity=Decimal(9), currency="ETH", timestamp=NOW)},
            {"equity_usd": None},
        ),
    ],
)
def test_a_figure_that_cant_be_is_not_known(changes: dict[str, Any], unknown: dict[str, None]) -> None:
    assert monitored(Room(), **changes).account == ACCOUNT.model_copy(update=unknown)


def test_a_router_that_hangs_keeps_a_monitor_from_its_chain_for_seconds_only() -> None:
    """Past its deadline the chain could not be asked for at all, and no stop would be seen."""
    room = Room()
    room.ask_monitor()
    room.answer(but=("get_total_equity", "get_fx_rate"))
    room.pass_time(4.9)
    assert room.answer() == []
    room.pass_time(0.2)
    assert room.answer() == ["get_options_chain"]
    market = room.market()
    assert isinstance(market, MonitorMarket)
    assert market.account == ACCOUNT.model_copy(update={"equity_usd": None, "eur_usd": None})


def test_a_funding_that_hangs_does_not_cost_the_stored_snapshot() -> None:
    room = Room()
    room.due()
    room.answer(but=("get_funding_rate",))
    room.pass_time(5.1)
    room.answer()
    assert room.record().funding is None


def test_books_that_come_last_complete_the_stored_snapshot() -> None:
    room = Room()
    room.positions = (position(),)
    room.due()
    room.answer(but=("get_books",))
    assert room.ctx.told_to("decision") == []
    (asked,) = [message for message in room.ctx.told_to("state") if isinstance(message, GetBooks)]
    room.tell(BooksRead(request_id=asked.request_id, books=room._books()))
    room.answer()
    assert {mark.instrument_name for mark in stored(room).legs} == {
        leg.instrument_name for leg in position().plan.legs
    }


def test_a_required_part_is_waited_for_until_the_deadline() -> None:
    room = Room()
    room.ask_monitor()
    room.answer(but=("get_dvol", "get_fx_rate"))
    room.pass_time(90.0)
    assert room.answer() == []
    room.pass_time(11.0)
    assert room.faults() == {"deribit.get_dvol:no_answer"}


def test_a_stored_snapshot_reads_the_account_while_something_is_held_and_once_after() -> None:
    room = Room()
    asked = []
    for hour, held in enumerate((False, True, True, False, False)):
        room.positions = (position(),) if held else ()
        room.due(NOW + hour * HOUR)
        asked.append(bool(WORTH_TOOLS & set(room.answer())))
        told = stored(room)
        assert told.account == (ACCOUNT if asked[-1] else None)
        assert {mark.instrument_name for mark in told.legs} == (
            {leg.instrument_name for leg in position().plan.legs} if held else set()
        )
    assert asked == [False, True, True, True, False]


def test_an_entry_reads_the_legs_that_are_held_too() -> None:
    room = Room()
    room.ask_entry(FAR_EXPIRY)
    room.answer()
    assert not isinstance(room.market(), MonitorMarket)
    chain = room.chain_request()
    assert chain.expiry_from is not None
    assert chain.expiry_to is not None
    assert chain.expiry_from <= EXPIRY < FAR_EXPIRY <= chain.expiry_to
