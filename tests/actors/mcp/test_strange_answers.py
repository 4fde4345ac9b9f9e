"""Whatever an answer holds, what is read of it, and all that is computed from it, has a typed outcome."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from actors.http import Response
from actors.market_data.assemble import entry_market, monitor_market
from actors.market_data.stored import leg_marks, quotes_json, stored_expiries
from actors.mcp.cleaned import clean
from actors.mcp.client import parsed, validated
from core.contract import (
    Order,
    OrderAnswer,
    OrderLeg,
    Orders,
    Positions,
    Router,
    Settlement,
    Settlements,
    Trade,
    Trades,
    VenuePosition,
)
from core.contract.registry import TOOLS
from core.errors import McpError
from core.market.incomplete import IncompleteError
from core.market.option_chain import OptionChain
from core.orders.account import compare, earlier_entry, with_owners
from core.orders.books import Books, Instruction, InstructionKind, OrderRow, Position
from core.orders.identity import Permitted, as_booked, disagreements, fills_disagree
from core.orders.lifecycle import OrderState, PositionState
from core.orders.reconcile import (
    VenueView,
    deliveries_for,
    late_fills,
    reconcile_orders,
    size_differences,
    traded_by_others,
)
from core.orders.venue_order import fills_of, no_longer_there, order_row, with_fills
from core.redaction import Redactor
from core.rules.entry.decision import decide_entry
from core.rules.exit.decision import decide_exit
from core.rules.facts import EngineFacts, EntryFacts, MonitorFacts
from core.rules.record import record, verify
from core.strategy import Strategy
from core.values import CycleId, Failed, Label, OrderId, PositionId, ProposalId, SpreadKind
from tests.actors.market_data.room import answers
from tests.actors.mcp.test_client import OneAnswer, client_of
from tests.core.example_market import EXPIRY, NO_TRADES, NOW, wire_quotes
from tests.core.rules.exit_facts import PUT_LEGS, position
from tests.fakes.strange_answers import altered, answers_of, damaged, wire
from tests.fakes.trading import EXPIRATION, plan
from tests.fakes.trading import SHORT as EXPIRED_SHORT

STRATEGY = Strategy()
LABEL = Label("p-1:e1")
SHORT, LONG = PUT_LEGS
LONGEST_TEXT = 1000
FEW, SOME, MANY = (settings(max_examples=count, deadline=None) for count in (5, 12, 3000))
"""An entry is decided in about 20 ms: a few examples of each kind, and the rest under the mark `soak`."""
READS = [(router, name) for router, name in TOOLS if name not in ("place_combo_order", "edit_order")]


def read(router: Router, tool: str, body: bytes) -> BaseModel | OptionChain | None:
    """The answer as its router hands it on, or None if it is one of the contract's errors."""
    request = TOOLS[router, tool].request.model_construct()
    try:
        return client_of(router, OneAnswer(Response(200, {}, body))).read(
            tool, request, correlation="c", now=NOW
        )
    except McpError as error:
        if len(str(error)) > LONGEST_TEXT:
            raise AssertionError(f"{tool}: an error of {len(str(error))} characters") from error
        return None


def good() -> dict[str, Any]:
    """A sound answer of each tool that an entry or a monitor reads, as JSON values."""
    known = {
        name: json.loads(answer.model_dump_json())
        for name, answer in answers(NOW).items()
        if isinstance(answer, BaseModel)
    }
    return known | {"get_options_chain": {"quotes": wire_quotes([2400, 2460, 2700, 3400, 3600], [EXPIRY])}}


GOOD = good()
SOUND = {name: read(router, name, wire(GOOD[name])) for router, name in TOOLS if name in GOOD}
NAMES = sorted(GOOD)


def decided(name: str, body: bytes) -> None:
    """Read the body as the answer of one tool beside sound ones, and decide on all of it, twice the same."""
    router = next(router for router, tool in TOOLS if tool == name)
    answer = read(router, name, body)
    if answer is None:
        return
    known = {**SOUND, name: answer}
    if isinstance(answer, OptionChain):
        json.loads(quotes_json(answer, stored_expiries(answer, NOW, PUT_LEGS))[0])
        leg_marks(answer, PUT_LEGS)
    engine = EngineFacts(
        strategy_enabled=True, armed=False, open_positions=0, orders_in_doubt=0, risk_open_usd=0.0
    )
    try:
        market = entry_market(known, NOW, STRATEGY)
    except IncompleteError:
        pass
    else:
        facts = EntryFacts(
            now=NOW, engine=engine, account=market.account, market=market.market, trading=NO_TRADES
        )
        _recomputed(facts, decide_entry(facts, STRATEGY))
        for kind in SpreadKind:
            decide_entry(facts, STRATEGY, forced_kind=kind)
    try:
        watched = monitor_market(known, NOW, STRATEGY, None)
    except IncompleteError:
        return
    seen = MonitorFacts(now=NOW, position=position(), market=watched, uses_most_margin=True)
    _recomputed(seen, decide_exit(seen, STRATEGY))


def _recomputed(facts: Any, decision: Any) -> None:
    kept = json.loads(record(facts, decision, "1", lambda _: None))
    assert verify(kept, STRATEGY) is None


@pytest.mark.parametrize("router_and_tool", READS, ids=lambda pair: str(pair[1]))
@SOME
@given(data=st.data())
def test_any_answer_by_the_schema_is_read_or_is_an_error_of_the_contract(
    router_and_tool: tuple[Router, str], data: st.DataObject
) -> None:
    router, tool = router_and_tool
    read(router, tool, wire(data.draw(answers_of(TOOLS[router, tool].answer))))


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(data=st.data())
def test_a_strange_answer_never_stops_the_engine_from_deciding_or_refusing(
    name: str, data: st.DataObject
) -> None:
    decided(name, wire(data.draw(altered(GOOD[name]))))


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(data=st.data())
def test_a_damaged_answer_never_stops_the_engine_from_deciding_or_refusing(
    name: str, data: st.DataObject
) -> None:
    decided(name, data.draw(damaged(wire(GOOD[name]))))


def books() -> Books:
    """One entry that is working, and one open position in other legs that expired a moment ago."""
    instruction = Instruction(
        label=LABEL,
        proposal_id=ProposalId("p-1"),
        cycle_id=CycleId("entry-1"),
        kind=InstructionKind.ENTRY,
        attempt=1,
        legs=PUT_LEGS,
        amount=2,
        limit_eth=Decimal("0.0125"),
        reduce_only=False,
        valid_until=NOW,
        created_at=NOW,
    )
    row = OrderRow(
        label=LABEL,
        state=OrderState.WORKING,
        order_id=OrderId("O1"),
        amount=2,
        filled_amount=0,
        limit_eth=Decimal("0.0125"),
        updated_at=NOW,
    )
    return Books(as_of=NOW, seq=1, positions=(), orders=(row,), instructions=(instruction,))


BOOKS = books()
PERMITTED = Permitted(instruction=BOOKS.instructions[0])
ORDER = Order(
    order_id="O1",
    label=LABEL,
    state="open",
    amount=Decimal(2),
    filled_amount=Decimal(1),
    average_price=Decimal("0.0125"),
    price=Decimal("0.0125"),
    legs=tuple(
        OrderLeg(instrument_name=leg.instrument_name, side=leg.side.value, ratio=1) for leg in PUT_LEGS
    ),
    created_at=NOW,
    updated_at=NOW,
)
TRADES = tuple(
    Trade(
        trade_id=f"T-{leg.instrument_name}",
        order_id="O1",
        label=LABEL,
        instrument_name=leg.instrument_name,
        side=leg.side.value,
        amount=Decimal(1),
        price=Decimal("0.0155"),
        fee=Decimal("0.0003"),
        timestamp=NOW,
        index_price=Decimal(3000),
    )
    for leg in PUT_LEGS
)
HELD = VenuePosition(
    instrument_name=SHORT.instrument_name,
    size=Decimal(-1),
    average_price=Decimal("0.0155"),
    mark_price=Decimal("0.0155"),
    floating_pnl=Decimal(0),
    delta=0.2,
    gamma=0.0,
    theta=0.0,
    vega=0.0,
)
DELIVERED = Settlement(
    instrument_name=EXPIRED_SHORT,
    delivery_price=Decimal(2650),
    size=Decimal(-2),
    cash_flow=Decimal("-0.03"),
    fee=Decimal("0.0003"),
    timestamp=EXPIRATION,
)
ACCOUNT: dict[str, dict[str, Any]] = {
    "get_open_orders": {"orders": [json.loads(ORDER.model_dump_json())]},
    "get_user_trades": {"trades": [json.loads(trade.model_dump_json()) for trade in TRADES]},
    "get_positions": {"positions": [json.loads(HELD.model_dump_json())]},
    "get_settlements": {"settlements": [json.loads(DELIVERED.model_dump_json())]},
}


def compared(bodies: dict[str, bytes]) -> None:
    """Everything that books and venue are compared by."""
    read_all = {name: read(Router.DERIBIT, name, body) for name, body in bodies.items()}
    orders = cast("Orders | None", read_all["get_open_orders"])
    trades = cast("Trades | None", read_all["get_user_trades"])
    positions = cast("Positions | None", read_all["get_positions"])
    settlements = cast("Settlements | None", read_all["get_settlements"])
    if orders is not None:
        for order in orders.orders:
            taken(order)
            earlier_entry(order, orders.orders)
    if trades is not None:
        traded_by_others(trades.trades, {LABEL})
        fills = fills_of(trades.trades, LABEL)
        if not isinstance(fills, Failed):
            fills_disagree(fills, PERMITTED)
            no_longer_there(BOOKS.orders[0], fills, PUT_LEGS)
    if positions is not None:
        size_differences(BOOKS, positions.positions)
    if orders is not None and positions is not None and trades is not None:
        findings = compare(BOOKS, "tag", positions, orders, now=NOW)
        with_owners(findings, positions, trades)
        view = VenueView(
            open_orders=orders.orders, history=orders.orders, trades=trades.trades, unread=orders.unread
        )
        reconcile_orders(BOOKS, view)
        late_fills(view, NOW, {LABEL: PERMITTED})
    if settlements is not None:
        deliveries_for((open_position(),), settlements.settlements, EXPIRATION)


def taken(order: Order) -> None:
    """What execution does with an order that the venue shows."""
    order.model_dump_json()
    if not disagreements(order, PERMITTED):
        row = order_row(order, LABEL)
        with_fills(row, (), PUT_LEGS)
        row.model_dump_json()
    as_booked(order, PERMITTED)


def open_position() -> Position:
    """One that has expired by the time of `DELIVERED`."""
    planned = plan()
    return Position(
        position_id=PositionId("p-2"),
        cycle_id=CycleId("entry-2"),
        plan=planned,
        kind=planned.kind,
        state=PositionState.OPEN,
        contracts_opened=2,
        contracts=2,
        entered_at=NOW - timedelta(days=7),
    )


@pytest.mark.parametrize("name", sorted(ACCOUNT))
@SOME
@given(data=st.data())
def test_a_strange_answer_about_the_account_never_stops_a_comparison(name: str, data: st.DataObject) -> None:
    compared({**{n: wire(a) for n, a in ACCOUNT.items()}, name: wire(data.draw(altered(ACCOUNT[name])))})


@pytest.mark.parametrize("name", sorted(ACCOUNT))
@SOME
@given(data=st.data())
def test_a_damaged_answer_about_the_account_never_stops_a_comparison(name: str, data: st.DataObject) -> None:
    compared({**{n: wire(a) for n, a in ACCOUNT.items()}, name: data.draw(damaged(wire(ACCOUNT[name])))})


@SOME
@given(data=st.data())
def test_any_order_in_an_answer_to_a_placement_is_taken_disputed_or_an_anomaly(data: st.DataObject) -> None:
    body = data.draw(altered({"order": ACCOUNT["get_open_orders"]["orders"][0]}) | answers_of(OrderAnswer))
    try:
        order = validated(
            OrderAnswer, parsed(clean(Response(200, {}, wire(body)), Redactor()), "place"), "place"
        ).order
    except McpError:
        return
    taken(order)


@pytest.mark.soak
@MANY
@given(name=st.sampled_from(NAMES), data=st.data())
def test_many_strange_and_damaged_answers_are_decided_on_or_refused(name: str, data: st.DataObject) -> None:
    body = data.draw(altered(GOOD[name]).map(wire) | damaged(wire(GOOD[name])))
    decided(name, body)


@pytest.mark.soak
@MANY
@given(name=st.sampled_from(sorted(ACCOUNT)), data=st.data())
def test_many_strange_and_damaged_answers_about_the_account_are_compared(
    name: str, data: st.DataObject
) -> None:
    body = data.draw(altered(ACCOUNT[name]).map(wire) | damaged(wire(ACCOUNT[name])))
    compared({**{n: wire(a) for n, a in ACCOUNT.items()}, name: body})
