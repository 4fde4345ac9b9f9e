"""The venue is asked for margin and collar before a permit, and an entry is held against them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from actors.http import Response
from core.contract import Margins
from core.messages.execution import FinalOutcome
from tests.fakes.trading import TradingHouse

TOOL = "get_margins"
NOT_THERE = Response(404, {}, b'{"detail": "no such tool"}')


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    return TradingHouse(tmp_path)


def margins(initial: str = "0.2", low: str = "-1", high: str = "1") -> Margins:
    return Margins(
        initial_margin=Decimal(initial),
        maintenance_margin=Decimal("0.1"),
        min_price=Decimal(low),
        max_price=Decimal(high),
    )


def test_the_legs_of_an_entry_are_asked_for_before_its_permit(house: TradingHouse) -> None:
    house.enter(2)
    (asked,) = house.venue.named(TOOL)
    (placed,) = house.venue.placed()
    assert asked["legs"] == [leg.model_dump(mode="json") for leg in placed.legs]
    assert (asked["amount"], asked["price"]) == (str(placed.amount), str(placed.price))
    tools = [tool for tool, _, _ in house.venue.calls]
    before = tools[tools.index(TOOL) : tools.index("place_combo_order")]
    assert before == [TOOL, "environment_info", "get_index_price", "get_positions", "get_open_orders"], (
        "what must be fresh for the gate is read after it"
    )


@pytest.mark.parametrize(
    ("found", "reason"), [(margins(initial="9"), "venue_margin"), (margins(high="0.0001"), "venue_collar")]
)
def test_an_entry_that_the_venue_prices_otherwise_is_not_placed(
    house: TradingHouse, found: Margins, reason: str
) -> None:
    house.venue.margins = found
    house.place(house.propose())
    (final,) = house.finals()
    assert final.outcome is FinalOutcome.REFUSED
    assert [each.partition(":")[0] for each in final.reasons] == [reason]
    assert house.venue.placed() == []


@pytest.mark.parametrize("fault", ["before", 500, Response(200, {}, b'{"error": "13035 combo_book_limit"}')])
def test_an_entry_whose_margins_are_unknown_is_not_placed(
    house: TradingHouse, fault: str | int | Response
) -> None:
    house.venue.faults[TOOL].append(fault)
    house.place(house.propose())
    house.advance(30)
    (final,) = house.finals()
    assert final.outcome is FinalOutcome.REFUSED
    assert [each.partition(":")[0] for each in final.reasons] == ["margins_unknown"]
    assert house.venue.placed() == []


@pytest.mark.raises_alert("mcp_tool_not_found")
def test_a_venue_without_the_tool_is_traded_at_as_before(house: TradingHouse) -> None:
    house.venue.faults[TOOL].append(NOT_THERE)
    house.enter(2)
    (final,) = house.finals()
    assert final.outcome is FinalOutcome.FILLED


@pytest.mark.parametrize("fault", [None, "before", 500])
def test_an_exit_asks_too_and_goes_on_whatever_the_answer_is(
    house: TradingHouse, fault: str | int | None
) -> None:
    house.enter(2)
    house.venue.margins = margins(initial="9", low="0.5", high="0.6")
    house.venue.faults[TOOL].append(fault)
    house.close("p-entry-1")
    house.advance(60)
    assert len(house.venue.named(TOOL)) >= 2
    assert [order.reduce_only for order in house.venue.placed()][:2] == [False, True]
