"""Snapshots for a cycle: whole or not at all, the chain last, every fault by its name."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from actors.runtime import Terminated
from core.contract import Dvol, DvolHistory, FundingHistory, FundingPoint, IndexPrice, Router, TotalEquity
from core.messages.market_data import (
    EntryMarket,
    Snapshot,
    SnapshotFailed,
)
from core.messages.mcp import McpFault
from core.rules.facts import MonitorMarket
from tests.actors.market_data.room import HOUR, Room, bar
from tests.core.example_market import NOW


def test_an_entry_snapshot_holds_every_fact_in_its_unit() -> None:
    room = Room()
    room.ask_entry()
    room.answer()
    market = room.market()
    assert isinstance(market, EntryMarket)
    assert (market.account.equity_usd, market.account.eur_usd, market.account.eth_share) == (
        200_000.0,
        1.17,
        0.15,
    )
    assert (market.account.venue_equity_eth, market.account.initial_margin_eth) == (10.5, 0.5)
    assert (market.market.spot_usd, market.market.dvol) == (3000.5, 65.0)
    assert market.market.liquidation_level.value == "medium"
    assert [event.name for event in market.market.macro_events] == ["FOMC"]


def test_what_a_cycle_has_read_is_what_was_last_seen_of_dvol() -> None:
    room = Room()
    assert room.marks().dvol is None
    room.ask_entry()
    room.answer()
    assert room.marks().dvol == 65.0
    room.ask_monitor()
    room.answer(get_dvol=Dvol(dvol=61.0, timestamp=NOW))
    assert room.marks().dvol == 61.0


def test_dvol_of_a_day_ago_is_the_close_of_the_bar_that_had_ended_by_then() -> None:
    room = Room()
    room.ask_entry()
    room.answer()
    market = room.market()
    assert isinstance(market, EntryMarket)
    assert market.market.dvol_24h_ago == 62.0


def test_hourly_closes_are_dated_by_the_end_of_their_hour() -> None:
    room = Room()
    room.ask_entry()
    room.answer()
    market = room.market()
    assert isinstance(market, EntryMarket)
    last = market.market.index_hourly_closes[-1]
    assert (last.at, last.close_usd) == (NOW, 2900.0)
    assert len(market.market.index_hourly_closes) >= 721


def test_our_own_mean_of_24_hours_stands_for_hyperliquid_and_others_beside_it() -> None:
    room = Room()
    room.ask_entry()
    room.answer()
    market = room.market()
    assert isinstance(market, EntryMarket)
    rates = {rate.venue: rate.annualised_frac for rate in market.market.funding}
    assert rates == {"binance": 0.1, "hyperliquid": pytest.approx(2e-5 * 8760)}


def test_the_day_of_funding_is_24_rates_and_not_the_one_it_began_with() -> None:
    """An hourly venue asked for 24 hours at the full hour answers with 25 rates, both ends included."""
    room = Room()
    hourly = [FundingPoint(timestamp=NOW - n * HOUR, hourly_rate=1e-5) for n in range(23, -1, -1)]
    before = FundingPoint(timestamp=NOW - 24 * HOUR, hourly_rate=1.0)
    ahead = FundingPoint(timestamp=NOW + HOUR, hourly_rate=1.0)
    room.ask_entry()
    room.answer(get_funding_history=FundingHistory(points=(before, *hourly, ahead)))
    market = room.market()
    assert isinstance(market, EntryMarket)
    own = next(rate for rate in market.market.funding if rate.venue == "hyperliquid")
    assert own.annualised_frac == pytest.approx(1e-5 * 8760)
    assert own.as_of == NOW


@pytest.mark.parametrize("ask", [Room.ask_entry, Room.ask_monitor, Room.due])
def test_the_chain_is_fetched_last_when_all_else_is_there(ask: Callable[[Room], None]) -> None:
    room = Room()
    ask(room)
    tools = room.answer()
    assert tools[-1] == "get_options_chain"
    assert tools.count("get_options_chain") == 1


def test_the_chain_is_not_fetched_for_a_snapshot_that_is_broken_already() -> None:
    room = Room()
    room.ask_entry()
    tools = room.answer(fail={"get_calendar": McpFault.SERVER})
    assert "get_options_chain" not in tools


def test_every_missing_part_is_named_not_only_the_first() -> None:
    room = Room()
    room.ask_entry()
    room.answer(fail={"get_calendar": McpFault.SERVER, "get_dvol": McpFault.TIMEOUT})
    assert room.faults() == {"macro.get_calendar:server", "deribit.get_dvol:timeout"}


def test_a_part_that_never_comes_is_named_at_the_deadline() -> None:
    room = Room()
    room.ask_entry()
    room.answer(but=("get_holdings",))
    assert room.sent("decision", SnapshotFailed) == []
    room.pass_time(100.0)
    assert room.faults() == {"portfolio.get_holdings:no_answer"}


def test_a_router_that_ends_fails_what_it_was_asked_for_at_once() -> None:
    room = Room()
    room.ask_entry()
    room.answer(but=("get_holdings", "get_fx_rate"))
    address = room.routers[Router.PORTFOLIO]
    assert address in room.ctx.watched
    room.tell(Terminated(path=address.path, name=address.name, reason="it raised", restarting=True))
    assert room.faults() == {"portfolio.get_holdings:actor_failed", "portfolio.get_fx_rate:actor_failed"}
    assert room.marks().failed_routers == (Router.PORTFOLIO,)


def test_an_answer_after_the_end_is_left_alone() -> None:
    room = Room()
    room.ask_entry()
    room.pass_time(100.0)
    room.answer()
    assert len(room.sent("decision", SnapshotFailed)) == 1
    assert room.sent("decision", Snapshot) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"get_index_price": IndexPrice(price=Decimal(3000), timestamp=NOW - HOUR)},
            "deribit.get_index_price:stale",
        ),
        ({"get_dvol": Dvol(dvol=60.0, timestamp=NOW - HOUR)}, "deribit.get_dvol:stale"),
        ({"get_dvol_history": DvolHistory(points=())}, "deribit.get_dvol_history:incomplete"),
        (
            {"get_dvol_history": DvolHistory(points=(bar(NOW - 48 * HOUR, 60.0),))},
            "deribit.get_dvol_history:incomplete",
        ),
        (
            {"get_total_equity": TotalEquity(equity=Decimal(60), currency="ETH", timestamp=NOW)},
            "portfolio.get_total_equity:incomplete",
        ),
    ],
)
def test_an_answer_that_does_not_hold_the_fact_is_a_fault(changes: dict[str, Any], fault: str) -> None:
    room = Room()
    room.ask_entry()
    room.answer(**changes)
    assert room.faults() == {fault}


def test_equity_in_euro_is_told_in_usd() -> None:
    room = Room()
    room.ask_entry()
    room.answer(get_total_equity=TotalEquity(equity=Decimal(171_000), currency="EUR", timestamp=NOW))
    market = room.market()
    assert isinstance(market, EntryMarket)
    assert market.account.equity_usd == pytest.approx(200_070.0)


def test_a_monitor_reads_the_index_of_4_hours_ago_from_history() -> None:
    room = Room()
    room.ask_monitor()
    room.answer()
    market = room.market()
    assert isinstance(market, MonitorMarket)
    assert market.spot_4h_ago_usd == 2904.0


def test_a_monitor_takes_the_index_of_4_hours_ago_from_our_own_snapshots_if_they_reach() -> None:
    room = Room(now=NOW - 4 * HOUR)
    room.due(NOW - 4 * HOUR)
    room.answer(get_index_price=IndexPrice(price=Decimal(2800), timestamp=NOW - 4 * HOUR))
    room.ctx.time = NOW
    room.ask_monitor()
    tools = room.answer()
    market = room.market()
    assert isinstance(market, MonitorMarket)
    assert market.spot_4h_ago_usd == 2800.0
    assert "get_historical" not in tools
