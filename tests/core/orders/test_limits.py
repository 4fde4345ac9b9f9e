"""The gate: each limit at its edge, missing facts, and limits that bind entries only."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.orders.collar import collar_eth
from core.orders.limits import GateFacts, check_limits, exit_contracts_max
from core.orders.terms import OrderPurpose, OrderTerms
from core.strategy import LimitsSection
from core.values import Environment
from tests.core.example_market import NOW, STRATEGY


class Asked(NamedTuple):
    """An order at the gate, and its natural price."""

    terms: OrderTerms
    reference_eth: Decimal


def order(*, reference_eth: str = "0.0090", **changes: Any) -> Asked:
    fields: dict[str, Any] = {
        "purpose": OrderPurpose.ENTRY,
        "legs": (),
        "amount": 2,
        "limit_eth": Decimal("0.0097"),
        "reduce_only": False,
    }
    return Asked(OrderTerms(**(fields | changes)), Decimal(reference_eth))


def exit_order(**changes: Any) -> Asked:
    fields: dict[str, Any] = {
        "purpose": OrderPurpose.EXIT,
        "limit_eth": Decimal("-0.0060"),
        "reference_eth": "-0.0060",
    }
    return order(**({"reduce_only": True} | fields | changes))


def facts(**changes: Any) -> GateFacts:
    fields: dict[str, Any] = {
        "now": NOW,
        "environment": Environment.PAPER,
        "venue_clock_offset_s": 0.2,
        "venue_clock_offset_max_s": 0.2,
        "spot_usd": 3000.0,
        "marks_as_of": NOW - timedelta(seconds=30),
        "books_as_of": NOW - timedelta(seconds=30),
        "open_positions": 0,
        "orders_in_doubt": 0,
        "entry_requests_last_hour": 3,
        "position_contracts": 2,
    }
    return GateFacts(**(fields | changes))


def reasons(order: Asked, facts: GateFacts) -> tuple[str, ...]:
    return check_limits(*order, facts, STRATEGY).reasons


def test_an_order_within_every_limit_is_allowed() -> None:
    assert reasons(order(), facts()) == ()
    assert reasons(exit_order(), facts()) == ()


@pytest.mark.parametrize(
    ("changed_order", "changed_facts", "reason"),
    [
        ({}, {"environment": Environment.TESTNET}, "environment"),
        ({}, {"environment": None}, "environment"),
        ({}, {"venue_clock_offset_max_s": None}, "venue_clock_unknown"),
        ({}, {"venue_clock_offset_max_s": 1.001}, "venue_clock_off"),
        ({}, {"marks_as_of": None}, "marks_too_old"),
        ({}, {"marks_as_of": NOW - timedelta(seconds=121)}, "marks_too_old"),
        ({}, {"books_as_of": None}, "books_too_old"),
        ({}, {"books_as_of": NOW - timedelta(seconds=901)}, "books_too_old"),
        ({}, {"spot_usd": None}, "value_unknown"),
        ({}, {"spot_usd": 20_001.0}, "order_value"),
        ({"amount": 0}, {}, "no_contracts"),
        ({"amount": 5}, {}, "too_many_contracts"),
        ({"limit_eth": Decimal("0.0060"), "reference_eth": "0.0090"}, {}, "price_outside_collar"),
        ({"reduce_only": True}, {}, "reduce_only_entry"),
        ({"limit_eth": Decimal(0), "reference_eth": "0.0010"}, {}, "entry_for_debit"),
        ({}, {"open_positions": 1}, "max_open_positions"),
        ({}, {"orders_in_doubt": 1}, "orders_in_doubt"),
        ({}, {"entry_requests_last_hour": 30}, "orders_per_hour"),
    ],
)
def test_each_limit_refuses_an_entry(
    changed_order: dict[str, Any], changed_facts: dict[str, Any], reason: str
) -> None:
    assert reasons(order(**changed_order), facts(**changed_facts)) == (reason,)


@pytest.mark.parametrize(
    ("changed_order", "changed_facts", "reason"),
    [
        ({}, {"venue_clock_offset_s": None}, "venue_clock_unknown"),
        ({}, {"venue_clock_offset_s": -1.1}, "venue_clock_off"),
        ({"reduce_only": False}, {}, "exit_not_reduce_only"),
        ({}, {"position_contracts": 1}, "exit_exceeds_position"),
        ({"limit_eth": Decimal("-0.0081")}, {}, "price_outside_collar"),
        ({"amount": 5}, {"position_contracts": 5}, "too_many_contracts"),
        ({}, {"spot_usd": 20_001.0}, "order_value"),
        ({}, {"spot_usd": 40_001.0}, "order_value"),
    ],
)
def test_each_limit_refuses_an_exit(
    changed_order: dict[str, Any], changed_facts: dict[str, Any], reason: str
) -> None:
    assert reasons(exit_order(**changed_order), facts(**changed_facts)) == (reason,)


def test_limits_on_counts_do_not_bind_exits() -> None:
    crowded = facts(open_positions=9, orders_in_doubt=9, entry_requests_last_hour=999)
    assert reasons(exit_order(), crowded) == ()


def test_a_slow_connection_keeps_entries_back_and_no_exit() -> None:
    """A round trip of 4 s leaves open whether the clocks differ by 2 s; that they do differ is not shown."""
    slow = facts(venue_clock_offset_s=0.0, venue_clock_offset_max_s=2.0)
    assert reasons(order(), slow) == ("venue_clock_off",)
    assert reasons(exit_order(), slow) == ()


@pytest.mark.parametrize(
    ("spot_usd", "contracts"), [(3000.0, 4), (10_001.0, 3), (20_000.0, 2), (20_001.0, 1), (90_000.0, 1)]
)
def test_an_exit_is_cut_to_what_the_limits_on_size_allow_and_to_no_less_than_one(
    spot_usd: float, contracts: int
) -> None:
    assert exit_contracts_max(spot_usd, STRATEGY.limits) == contracts
    assert reasons(exit_order(amount=contracts), facts(spot_usd=spot_usd, position_contracts=9)) == ()


@pytest.mark.parametrize(
    ("changed_order", "changed_facts"),
    [
        ({"amount": 4}, {}),
        ({"amount": 1}, {}),
        ({}, {"venue_clock_offset_max_s": 1.0}),
        ({}, {"marks_as_of": NOW - timedelta(seconds=120)}),
        ({}, {"books_as_of": NOW - timedelta(seconds=900)}),
        ({}, {"spot_usd": 20_000.0}),
        ({}, {"entry_requests_last_hour": 29}),
        ({"limit_eth": Decimal("0.0067500")}, {}),
    ],
)
def test_limits_are_inclusive(changed_order: dict[str, Any], changed_facts: dict[str, Any]) -> None:
    assert reasons(order(**changed_order), facts(**changed_facts)) == ()


def test_the_collar_is_the_wider_of_ticks_and_fraction() -> None:
    limits = LimitsSection(collar_ticks=20, collar_frac=0.25)
    assert collar_eth(Decimal("0.0040"), limits) == Decimal("0.0020")
    assert collar_eth(Decimal("-0.0100"), limits) == Decimal("0.0025")


@given(
    contracts=st.integers(0, 8),
    spot=st.none() | st.floats(100, 50_000),
    offset=st.none() | st.floats(-3, 3),
    marks_age=st.none() | st.floats(0, 300),
    open_positions=st.integers(0, 3),
    doubt=st.integers(0, 2),
    sent=st.integers(0, 40),
    reduce_only=st.booleans(),
    limit=st.integers(-100, 200),
)
def test_an_allowed_entry_keeps_every_limit(
    contracts: int,
    spot: float | None,
    offset: float | None,
    marks_age: float | None,
    open_positions: int,
    doubt: int,
    sent: int,
    reduce_only: bool,
    limit: int,
) -> None:
    """Restates the limits by themselves: allowed exactly if all of them hold."""
    limit_eth = Decimal(limit) / 10_000
    known = facts(
        spot_usd=spot,
        venue_clock_offset_max_s=None if offset is None else abs(offset),
        marks_as_of=None if marks_age is None else NOW - timedelta(seconds=marks_age),
        open_positions=open_positions,
        orders_in_doubt=doubt,
        entry_requests_last_hour=sent,
    )
    allowed = (
        1 <= contracts <= 4
        and spot is not None
        and contracts * spot <= 40_000
        and offset is not None
        and -1 <= offset <= 1
        and marks_age is not None
        and NOW - timedelta(seconds=marks_age) >= NOW - timedelta(seconds=120)
        and open_positions == 0
        and doubt == 0
        and sent < 30
        and not reduce_only
        and limit_eth > 0
        and limit_eth >= Decimal("0.0090") - Decimal("0.00225")
    )
    result = check_limits(
        *order(amount=contracts, reduce_only=reduce_only, limit_eth=limit_eth), known, STRATEGY
    )
    assert result.passed is allowed


def shown(order: Asked, facts: GateFacts) -> list[tuple[object, ...]]:
    result = check_limits(*order, facts, STRATEGY)
    assert result.rule == "limits"
    return [(check.code, check.value, check.op, check.threshold, check.note) for check in result.checks]


COMMON: list[tuple[object, ...]] = [
    ("environment", "paper", "is", "paper", ""),
    ("venue_clock_off", 0.2, "<=", 1.0, ""),
    ("marks_too_old", 30.0, "<=", 120.0, ""),
    ("books_too_old", 30.0, "<=", 900.0, ""),
    ("no_contracts", 2, "is", "at least 1", ""),
    ("too_many_contracts", 2, "<=", 4, ""),
    ("order_value", 6000.0, "<=", 40_000.0, ""),
]


def test_an_entry_shows_every_comparison() -> None:
    assert shown(order(), facts()) == [
        *COMMON,
        ("price_outside_collar", "0.0097", ">=", "0.006750", ""),
        ("reduce_only_entry", False, "is", False, ""),
        ("entry_for_debit", "0.0097", "is", "above 0", ""),
        ("max_open_positions", 1, "<=", 1, ""),
        ("orders_in_doubt", 0, "<=", 0, ""),
        ("orders_per_hour", 4, "<=", 30, ""),
    ]


def test_an_exit_shows_every_comparison() -> None:
    assert shown(exit_order(), facts()) == [
        *COMMON,
        ("price_outside_collar", "-0.0060", ">=", "-0.0080", ""),
        ("exit_not_reduce_only", True, "is", True, ""),
        ("exit_exceeds_position", 2, "<=", 2, ""),
    ]


def test_facts_that_were_never_told_are_shown_as_unknown() -> None:
    unknown = facts(
        environment=None, venue_clock_offset_max_s=None, marks_as_of=None, books_as_of=None, spot_usd=None
    )
    assert [row for row in shown(order(), unknown) if row[1] is None] == [
        ("environment", None, "is", "paper", ""),
        ("venue_clock_unknown", None, "is", "known", ""),
        ("marks_too_old", None, "is", "known", ""),
        ("books_too_old", None, "is", "known", ""),
        ("value_unknown", None, "is", "known", ""),
    ]
