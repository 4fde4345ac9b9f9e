"""Rows as JSON: the keys that readers rely on, money as text, times in UTC."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from pydantic import JsonValue

from core.orders.books import CycleOutcome, CycleRow, Instruction, InstructionKind, Job, OrderRow, Position
from core.orders.lifecycle import OrderState
from core.values import CycleId, Label, ProposalId
from reading.json_forms import cycle_json, money, order_json, position_json, trade_json, utc
from tests.fakes.open_position import NOW, POSITION


def test_money_is_plain_text_and_times_end_in_z() -> None:
    assert money(Decimal("1E-8")) == "0.00000001"
    assert money(Decimal("-0.10")) == "-0.10"
    assert utc(NOW) == "2026-01-05T14:04:00Z"
    assert utc(None) is None


def test_a_trade_is_documented_by_its_keys() -> None:
    shown = trade_json(POSITION)
    assert list(shown) == [
        "id",
        "kind",
        "legs",
        "contracts",
        "entered_at",
        "closed_at",
        "exit_rule",
        "credit_eth",
        "fees_eth",
        "cash_eth",
        "cash_usd",
        "pnl_eth",
        "pnl_usd",
    ]
    assert (shown["closed_at"], shown["cash_eth"], shown["kind"]) == (None, "0.0188", "bull_put")
    json.dumps(shown)


@pytest.mark.parametrize("form", [trade_json, position_json])
def test_cash_of_an_open_trade_is_not_its_result(form: Callable[[Position], dict[str, JsonValue]]) -> None:
    shown = form(POSITION)
    assert (shown["cash_eth"], shown["pnl_eth"], shown["pnl_usd"]) == ("0.0188", None, None)
    closed = form(POSITION.model_copy(update={"closed_at": NOW}))
    assert closed["cash_eth"] == closed["pnl_eth"] == "0.0188"
    assert closed["cash_usd"] == closed["pnl_usd"] is not None


def test_an_order_shows_label_state_and_price() -> None:
    label = Label("p-1:e1")
    instruction = Instruction(
        label=label,
        proposal_id=ProposalId("p-1"),
        cycle_id=None,
        kind=InstructionKind.ENTRY,
        attempt=1,
        legs=POSITION.plan.legs,
        amount=2,
        limit_eth=Decimal("0.0100"),
        reduce_only=False,
        valid_until=NOW,
        created_at=NOW,
    )
    order = OrderRow(
        label=label,
        state=OrderState.FILLED,
        amount=2,
        filled_amount=2,
        limit_eth=Decimal("0.0100"),
        updated_at=NOW,
    )
    shown = order_json(instruction, order)
    assert (shown["label"], shown["state"], shown["limit_eth"]) == ("p-1:e1", "filled", "0.0100")


def test_a_cycle_shows_its_outcome_and_reasons() -> None:
    row = CycleRow(
        cycle_id=CycleId("entry-1"),
        job=Job.ENTRY,
        slot=NOW,
        opened_at=NOW,
        closed_at=NOW,
        outcome=CycleOutcome.NO_ENTRY,
        reasons=("market", "vrp_below_min"),
    )
    assert cycle_json(row) == {
        "id": "entry-1",
        "kind": "entry",
        "slot": "2026-01-05T14:04:00Z",
        "outcome": "no_entry",
        "reasons": ["market", "vrp_below_min"],
    }
