"""Books against venue: states of orders, sizes, stray orders, deliveries shared to the last decimal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Order, OrderLeg, OrderStateName, Settlement, Trade, UnreadRow, VenuePosition
from core.errors import McpDataAnomalyError
from core.orders.books import Books, Fill, Instruction, InstructionKind, OrderRow, Position
from core.orders.lifecycle import ORDER_EDGES, ORDER_FINAL, OrderState, PositionState
from core.orders.reconcile import (
    VenueView,
    deliveries_for,
    reconcile_orders,
    size_differences,
    traded_by_others,
)
from core.orders.sizes import combos_filled, expected_sizes
from core.orders.terms import OrderPurpose
from core.orders.venue_order import fills_of, no_longer_there, whole_contracts
from core.values import CycleId, Failed, Label, OrderId, PositionId, ProposalId, SpreadKind
from tests.fakes.trading import EXPIRATION, LONG, SHORT, plan

NOW = datetime(2026, 1, 5, 14, tzinfo=UTC)
LABEL = Label("p-1:e1")
EMPTY = VenueView(open_orders=(), history=(), trades=())
LIVE = [
    OrderState.INTENDED,
    OrderState.SENT,
    OrderState.WORKING,
    OrderState.CANCEL_PENDING,
    OrderState.UNKNOWN,
]


def books(state: OrderState, *, filled: int = 0, positions: tuple[Position, ...] = ()) -> Books:
    instruction = Instruction(
        label=LABEL,
        proposal_id=ProposalId("p-1"),
        cycle_id=None,
        kind=InstructionKind.ENTRY,
        attempt=1,
        legs=plan().legs,
        amount=2,
        limit_eth=Decimal("0.01"),
        reduce_only=False,
        valid_until=NOW,
        created_at=NOW,
    )
    row = OrderRow(
        label=LABEL,
        state=state,
        order_id=OrderId("O1"),
        amount=2,
        filled_amount=filled,
        limit_eth=Decimal("0.01"),
        updated_at=NOW,
    )
    return Books(as_of=NOW, seq=1, positions=positions, orders=(row,), instructions=(instruction,))


def order(state: OrderStateName = "open", *, filled: int | None = None, label: str = LABEL) -> Order:
    """One of 2 combos; all of them are filled if its state says so."""
    if filled is None:
        filled = 2 if state == "filled" else 0
    return Order(
        order_id="O1",
        label=label,
        state=state,
        amount=Decimal(2),
        filled_amount=Decimal(filled),
        average_price=None,
        price=Decimal("0.01"),
        legs=tuple(
            OrderLeg(instrument_name=leg.instrument_name, side=leg.side.value, ratio=1) for leg in plan().legs
        ),
        created_at=NOW,
        updated_at=NOW,
    )


def trades(combos: int, *, label: str = LABEL, legs: tuple[str, ...] = (SHORT, LONG)) -> tuple[Trade, ...]:
    return tuple(
        Trade(
            trade_id=f"{label}-{name}",
            order_id="O1",
            label=label,
            instrument_name=name,
            side="sell" if name == SHORT else "buy",
            amount=Decimal(combos),
            price=Decimal("0.01"),
            fee=Decimal("0.0003"),
            timestamp=NOW,
            index_price=Decimal(3000),
        )
        for name in legs
    )


def fills(listed: Iterable[Trade], label: Label = LABEL) -> tuple[Fill, ...]:
    """The fills of whole trades."""
    found = fills_of(listed, label)
    assert not isinstance(found, Failed)
    return found


def view(**update: object) -> VenueView:
    return EMPTY.model_copy(update=update)


def position(name: str = "p-1", contracts: int = 2) -> Position:
    return Position(
        position_id=PositionId(name),
        cycle_id=CycleId("c"),
        plan=plan(),
        kind=SpreadKind.BULL_PUT,
        state=PositionState.OPEN,
        contracts_opened=contracts,
        contracts=contracts,
    )


def test_intended_order_that_the_venue_does_not_know_was_never_sent() -> None:
    (correction,) = reconcile_orders(books(OrderState.INTENDED), EMPTY).corrections
    assert correction.row.state is OrderState.NOT_PLACED
    assert not correction.was_sent


def test_intended_order_that_the_venue_knows_was_sent() -> None:
    (correction,) = reconcile_orders(books(OrderState.INTENDED), view(open_orders=(order(),))).corrections
    assert correction.was_sent
    assert correction.row.state is OrderState.WORKING


@pytest.mark.parametrize("state", [OrderState.SENT, OrderState.WORKING, OrderState.UNKNOWN])
def test_order_that_may_be_anywhere_is_missing_not_corrected(state: OrderState) -> None:
    found = reconcile_orders(books(state), EMPTY)
    assert found.missing == (LABEL,)
    assert found.corrections == ()


def test_cancelling_order_that_is_gone_is_cancelled() -> None:
    (correction,) = reconcile_orders(books(OrderState.CANCEL_PENDING), EMPTY).corrections
    assert correction.row.state is OrderState.CANCELLED


@pytest.mark.parametrize(("combos", "state"), [(1, OrderState.CANCELLED), (2, OrderState.FILLED)])
def test_order_that_is_gone_but_traded_is_what_its_trades_say(combos: int, state: OrderState) -> None:
    (correction,) = reconcile_orders(books(OrderState.SENT), view(trades=trades(combos))).corrections
    assert correction.row.state is state
    assert correction.row.filled_amount == combos
    assert len(correction.fills) == 2


def test_trades_that_know_more_than_the_order_win() -> None:
    """The trades were read later, and the order filled in between."""
    found = view(history=(order("cancelled"),), trades=trades(1))
    (correction,) = reconcile_orders(books(OrderState.WORKING), found).corrections
    assert (correction.row.state, correction.row.filled_amount) == (OrderState.CANCELLED, 1)


@pytest.mark.parametrize("before", LIVE)
@pytest.mark.parametrize("after", ["open", "filled", "cancelled", None])
def test_every_correction_is_an_edge_of_the_order_machine(
    before: OrderState, after: OrderStateName | None
) -> None:
    combos = 2 if after == "filled" else 0
    found = EMPTY if after is None else view(history=(order(after, filled=combos),), trades=trades(combos))
    for correction in reconcile_orders(books(before), found).corrections:
        start = OrderState.SENT if correction.was_sent else before
        end = correction.row.state
        assert start is end or (start, end) in ORDER_EDGES


@pytest.mark.parametrize("before", [state for state in OrderState if state not in ORDER_FINAL])
@pytest.mark.parametrize("combos", [0, 1, 2])
def test_an_order_that_is_no_longer_there_ends_along_an_edge_of_its_machine(
    before: OrderState, combos: int
) -> None:
    """`intended` with fills was sent: `sent` is recorded first."""
    (row,) = books(before).orders
    after = no_longer_there(row, fills(trades(combos) if combos else ()), plan().legs)
    start = OrderState.SENT if before is OrderState.INTENDED and combos else before
    assert after.state in ORDER_FINAL
    assert (start, after.state) in ORDER_EDGES


def test_agreeing_order_is_no_difference() -> None:
    assert reconcile_orders(books(OrderState.WORKING), view(open_orders=(order(),))).differences == ()


def test_fills_are_taken_once_each_and_only_under_the_label() -> None:
    listed = (*trades(1), *trades(1), *trades(1, label="p-2:e1"))
    assert [fill.trade_id for fill in fills(listed)] == [f"{LABEL}-{SHORT}", f"{LABEL}-{LONG}"]


def test_one_leg_alone_makes_no_whole_combos() -> None:
    found = combos_filled(fills(trades(1, legs=(SHORT,))), plan().legs)
    assert found == Failed.of("legs_unequal")


def test_fill_of_an_instrument_that_is_no_leg_makes_no_whole_combos() -> None:
    listed = fills((*trades(1), *trades(1, legs=("ETH-16JAN26-3000-P",))))
    assert combos_filled(listed, plan().legs) == Failed.of("unknown_leg")


def test_no_fill_makes_no_combo() -> None:
    assert combos_filled((), plan().legs) == 0


def test_amount_that_is_not_whole_is_an_anomaly() -> None:
    with pytest.raises(McpDataAnomalyError, match="whole contracts"):
        whole_contracts(Decimal("1.5"), "test")


def held(sizes: dict[str, int]) -> tuple[VenuePosition, ...]:
    zero = Decimal(0)
    return tuple(
        VenuePosition(
            instrument_name=name,
            size=Decimal(size),
            average_price=zero,
            mark_price=zero,
            floating_pnl=zero,
            delta=0.0,
            gamma=0.0,
            theta=0.0,
            vega=0.0,
        )
        for name, size in sizes.items()
    )


def test_sizes_that_agree_are_no_difference() -> None:
    known = books(OrderState.FILLED, positions=(position(contracts=2),))
    assert size_differences(known, held({SHORT: -2, LONG: 2})) == ()


@pytest.mark.parametrize(
    ("sizes", "subjects"),
    [
        ({SHORT: -1, LONG: 2}, [SHORT]),
        ({LONG: 2}, [SHORT]),
        ({SHORT: -2, LONG: 2, "ETH-X": 1}, ["ETH-X"]),
        ({}, [LONG, SHORT]),
    ],
)
def test_size_that_disagrees_is_named(sizes: dict[str, int], subjects: list[str]) -> None:
    known = books(OrderState.FILLED, positions=(position(contracts=2),))
    assert [d.subject for d in size_differences(known, held(sizes))] == subjects


def test_sizes_of_positions_add_up_and_zeros_are_left_out() -> None:
    assert expected_sizes([position(contracts=2), position("p-2", 1)]) == {SHORT: -3, LONG: 3}
    assert expected_sizes([position(contracts=0)]) == {}


def settlement(name: str, size: int, cash: str, fee: str = "0") -> Settlement:
    return Settlement(
        instrument_name=name,
        delivery_price=Decimal(2700),
        size=Decimal(size),
        cash_flow=Decimal(cash),
        fee=Decimal(fee),
        timestamp=EXPIRATION,
    )


AFTER = EXPIRATION + timedelta(minutes=10)


def test_position_that_has_not_expired_gets_nothing() -> None:
    assert deliveries_for([position()], [], NOW) == ((), ())


def test_leg_without_its_settlement_holds_back_the_whole_position() -> None:
    deliveries, differences = deliveries_for([position()], [settlement(SHORT, -2, "-0.07")], AFTER)
    assert deliveries == ()
    assert [d.subject for d in differences] == [LONG]


def test_settlement_of_another_size_is_a_difference() -> None:
    listed = [settlement(SHORT, -1, "-0.07"), settlement(LONG, 2, "0")]
    assert [d.subject for d in deliveries_for([position()], listed, AFTER)[1]] == [SHORT]


def test_of_a_settlement_of_more_than_ours_our_share_is_booked() -> None:
    """Another engine holds the same legs; the venue settles the account as a whole."""
    listed = [settlement(SHORT, -6, "-0.3", "0.0006"), settlement(LONG, 3, "0.1")]
    deliveries, differences = deliveries_for([position("p-1", 1), position("p-2", 1)], listed, AFTER)
    assert differences == ()
    told = {(d.position_id, d.instrument_name): (d.size, d.cash_flow_eth, d.fee_eth) for d in deliveries}
    for name in ("p-1", "p-2"):
        assert told[PositionId(name), SHORT] == (-1, Decimal("-0.05"), Decimal("0.0001"))
        assert told[PositionId(name), LONG] == (1, Decimal("0.03333333"), Decimal(0))


@pytest.mark.parametrize(("size", "cash"), [(2, "0.07"), (-1, "-0.07"), (0, "0")])
def test_a_settlement_that_can_not_have_ours_in_it_is_a_difference(size: int, cash: str) -> None:
    listed = [settlement(SHORT, size, cash), settlement(LONG, 2, "0")]
    assert [d.subject for d in deliveries_for([position()], listed, AFTER)[1]] == [SHORT]


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=4),
    st.decimals(min_value=-1, max_value=0, places=8),
    st.decimals(min_value=0, max_value="0.1", places=8),
)
def test_what_is_shared_out_sums_to_what_the_venue_moved(
    contracts: list[int], cash: Decimal, fee: Decimal
) -> None:
    positions = [position(f"p-{i}", n) for i, n in enumerate(contracts)]
    total = sum(contracts)
    listed = [settlement(SHORT, -total, str(cash), str(fee)), settlement(LONG, total, "0")]
    deliveries, differences = deliveries_for(positions, listed, AFTER)
    assert differences == ()
    shorts = [d for d in deliveries if d.instrument_name == SHORT]
    assert sum(d.cash_flow_eth for d in shorts) == cash
    assert sum(d.fee_eth for d in shorts) == fee
    assert [d.size for d in shorts] == [-n for n in contracts]
    assert len({d.key for d in deliveries}) == len(deliveries)


def test_keys_are_the_same_when_the_settlements_are_read_again() -> None:
    listed = [settlement(SHORT, -2, "-0.07"), settlement(LONG, 2, "0")]
    first, second = (deliveries_for([position()], listed, AFTER)[0] for _ in range(2))
    assert first == second


def test_fill_keeps_the_venues_numbers() -> None:
    (fill, _) = fills(trades(1))
    assert isinstance(fill, Fill)
    assert (fill.price_eth, fill.fee_eth, fill.index_usd) == (
        Decimal("0.01"),
        Decimal("0.0003"),
        Decimal(3000),
    )


def test_an_instruction_carries_its_terms() -> None:
    (entry,) = books(OrderState.INTENDED).instructions
    assert entry.terms.purpose is OrderPurpose.ENTRY
    assert (entry.terms.legs, entry.terms.amount, entry.terms.limit_eth) == (
        entry.legs,
        entry.amount,
        entry.limit_eth,
    )
    closing = entry.model_copy(update={"kind": InstructionKind.EXIT, "reduce_only": True})
    assert (closing.terms.purpose, closing.terms.reduce_only) == (OrderPurpose.EXIT, True)


def test_what_others_hold_in_the_same_legs_is_expected_too() -> None:
    listed = (*trades(2), *trades(1, label="p-9:zzzzzz:e1"))
    others = traded_by_others(listed, {LABEL})
    assert others == {SHORT: Decimal(-1), LONG: Decimal(1)}
    known = books(OrderState.FILLED, positions=(position(),))
    assert size_differences(known, held({SHORT: -3, LONG: 3}), others) == ()
    assert [each.subject for each in size_differences(known, held({SHORT: -3, LONG: 3}))] == [LONG, SHORT]


def test_an_order_without_its_instruction_is_unread() -> None:
    lone = books(OrderState.WORKING).model_copy(update={"instructions": ()})
    assert reconcile_orders(lone, view(open_orders=(order(),))).unread == (LABEL,)


def test_an_order_whose_fills_can_not_be_read_is_unread() -> None:
    strange = trades(2)[0].model_copy(update={"amount": Decimal("0.5")})
    found = reconcile_orders(books(OrderState.WORKING), view(open_orders=(order(),), trades=(strange,)))
    assert (found.unread, found.corrections) == ((LABEL,), ())
    row = UnreadRow(label=None, instrument_name=SHORT, problem="side: strange")
    found = reconcile_orders(books(OrderState.WORKING), view(open_orders=(order(),), unread=(row,)))
    assert found.unread == (LABEL,)


def test_an_order_that_was_not_permitted_so_is_disputed_and_not_corrected() -> None:
    larger = order().model_copy(update={"amount": Decimal(6)})
    found = reconcile_orders(books(OrderState.WORKING), view(open_orders=(larger,)))
    assert (found.corrections, found.missing) == ((), ())
    [disputed] = found.disputed
    assert disputed.order == larger
    assert [each.subject for each in found.differences] == [LABEL]
