"""The state machines: every pair of states is an edge or is refused; final states stay final."""

from __future__ import annotations

from itertools import product

import pytest

from core.errors import IllegalEdgeError
from core.orders.lifecycle import (
    ORDER_EDGES,
    ORDER_FINAL,
    POSITION_EDGES,
    OrderState,
    PositionState,
    check_order_edge,
    check_position_edge,
)

POSITION_EDGES_IN_WORDS = {
    "proposed": {"awaiting_fill", "cancelled"},
    "awaiting_fill": {"open", "cancelled"},
    "open": {"closing", "closed"},
    "closing": {"open", "closed"},
    "closed": set(),
    "cancelled": {"open"},
}
ORDER_EDGES_IN_WORDS = {
    "intended": {"sent", "not_placed"},
    "sent": {"working", "filled", "cancelled", "rejected", "unknown"},
    "working": {"filled", "cancelled", "rejected", "unknown", "cancel_pending"},
    "cancel_pending": {"working", "cancelled", "filled"},
    "unknown": {"working", "filled", "cancelled", "rejected", "not_placed"},
    "filled": set(),
    "cancelled": set(),
    "rejected": set(),
    "not_placed": set(),
}


@pytest.mark.parametrize(("before", "after"), list(product(PositionState, repeat=2)))
def test_position_moves_along_its_edges_and_no_other(before: PositionState, after: PositionState) -> None:
    assert ((before, after) in POSITION_EDGES) == (after in POSITION_EDGES_IN_WORDS[before])
    if before is after or after in POSITION_EDGES_IN_WORDS[before]:
        check_position_edge(before, after, by_reconcile=True)
    else:
        with pytest.raises(IllegalEdgeError) as refused:
            check_position_edge(before, after, by_reconcile=True)
        assert str(refused.value) == f"position: no edge {before} → {after}"


@pytest.mark.parametrize(("before", "after"), sorted(POSITION_EDGES))
def test_only_the_reconcile_brings_a_cancelled_position_back(
    before: PositionState, after: PositionState
) -> None:
    if before is PositionState.CANCELLED:
        with pytest.raises(IllegalEdgeError) as refused:
            check_position_edge(before, after)
        assert str(refused.value) == "position: cancelled → open is for the reconcile only"
    else:
        check_position_edge(before, after)


@pytest.mark.parametrize("state", PositionState)
def test_a_position_may_stay_where_it_is(state: PositionState) -> None:
    check_position_edge(state, state)


@pytest.mark.parametrize(("before", "after"), list(product(OrderState, repeat=2)))
def test_order_moves_along_its_edges_and_no_other(before: OrderState, after: OrderState) -> None:
    assert ((before, after) in ORDER_EDGES) == (after in ORDER_EDGES_IN_WORDS[before])
    if before is after or after in ORDER_EDGES_IN_WORDS[before]:
        check_order_edge(before, after)
    else:
        with pytest.raises(IllegalEdgeError) as refused:
            check_order_edge(before, after)
        assert str(refused.value) == f"order: no edge {before} → {after}"


def test_an_order_is_final_exactly_where_no_edge_leaves() -> None:
    assert {state for state in OrderState if not ORDER_EDGES_IN_WORDS[state]} == ORDER_FINAL
