"""Shared values: sides, modes, rounding, an error with a number, properties of rows."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_UP, Decimal, localcontext

import pytest

from core.errors import McpError, McpRateLimitError
from core.messages.alerting import Severity
from core.orders.books import Books, Job, OrderRow, Position, Proposal
from core.orders.lifecycle import OrderState, PositionState
from core.values import (
    CycleId,
    Failed,
    Label,
    Mode,
    PositionId,
    ProposalId,
    Side,
    SpreadKind,
    premium_eth,
    round_eth,
)
from tests.fakes.trading import plan

NOW = datetime(2026, 1, 5, 14, tzinfo=UTC)


def test_closing_leg_differs_in_its_side_alone() -> None:
    short, long = plan().legs
    assert (short.reversed().side, long.reversed().side) == (Side.BUY, Side.SELL)
    assert short.reversed().model_copy(update={"side": short.side}) == short
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)


@pytest.mark.parametrize(
    ("data_analysis", "strategy", "name"),
    [
        (True, True, "strategy"),
        (False, True, "strategy_without_data_analysis"),
        (True, False, "data_analysis"),
        (False, False, "idle"),
    ],
)
def test_mode_has_one_word(data_analysis: bool, strategy: bool, name: str) -> None:
    assert Mode(data_analysis=data_analysis, strategy=strategy).name == name


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("0.123456784", "0.12345678"),
        ("0.123456785", "0.12345678"),
        ("0.123456775", "0.12345678"),
        ("-0.123456785", "-0.12345678"),
        ("0.1234567850001", "0.12345679"),
    ],
)
def test_cash_is_rounded_half_even_to_the_venues_quantum(amount: str, rounded: str) -> None:
    assert round_eth(Decimal(amount)) == Decimal(rounded)
    with localcontext(rounding=ROUND_UP):
        assert round_eth(Decimal(amount)) == Decimal(rounded)


def test_rate_limit_says_its_text_and_its_pause() -> None:
    error = McpRateLimitError("expected an answer, found 429", 2.5)
    assert isinstance(error, McpError)
    assert (str(error), error.retry_after_s) == ("expected an answer, found 429", 2.5)


def test_severities_rank_from_low_to_critical() -> None:
    assert [s.rank for s in (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)] == [0, 1, 2, 3]


def test_position_has_the_id_of_its_proposal() -> None:
    proposal = Proposal(proposal_id=ProposalId("p-1"), cycle_id=CycleId("c-1"), plan=plan(), created_at=NOW)
    assert proposal.position_id == "p-1"


def test_live_positions_and_orders_in_doubt_are_picked_out() -> None:
    positions = tuple(
        Position(
            position_id=PositionId(state),
            cycle_id=CycleId("c-1"),
            plan=plan(),
            kind=SpreadKind.BULL_PUT,
            state=state,
        )
        for state in PositionState
    )
    orders = tuple(
        OrderRow(label=Label(state), state=state, amount=1, limit_eth=Decimal("0.01"), updated_at=NOW)
        for state in OrderState
    )
    books = Books(as_of=NOW, seq=1, positions=positions, orders=orders, instructions=())
    assert [p.state for p in books.open_positions] == ["proposed", "awaiting_fill", "open", "closing"]
    assert [o.state for o in books.orders_in_doubt] == ["unknown"]


def test_a_failure_is_told_by_its_reasons() -> None:
    assert str(Failed(reasons=("no_quote:ETH-X", "stale"))) == "no_quote:ETH-X, stale"


def test_a_trade_brings_or_costs_its_price_rounded_as_the_venue_does() -> None:
    price_eth = Decimal("0.003300005")
    assert premium_eth(Side.SELL, price_eth, 1) == Decimal("0.00330000")
    assert premium_eth(Side.BUY, price_eth, 3) == Decimal("-0.00990002")


def test_cycles_are_the_jobs_whose_slots_have_rows() -> None:
    assert [job for job in Job if job.is_cycle] == [
        Job.ENTRY,
        Job.MONITOR,
        Job.SETTLEMENT,
        Job.KELLY,
        Job.DIGEST,
    ]
