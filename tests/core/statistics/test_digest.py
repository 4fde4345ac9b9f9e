"""The weekly digest: the same figures as the report, in sentences for a phone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.orders.books import CycleOutcome, CycleRow, Job, Position
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from core.rules.entry.decision import decide_entry
from core.statistics.account import AccountPoint
from core.statistics.booked import Refusal, closed_trade, refusals
from core.statistics.digest import WeekSeen, digest_text, open_texts, so_far_text, week_before
from core.statistics.marked import pnl_at_marks_eth
from core.strategy import Strategy
from core.values import CycleId, PositionId, cycle_id_of
from tests.core.example_market import entry_facts

ENDED = datetime(2026, 1, 12, tzinfo=UTC)
MONDAY = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
PLAN = decide_entry(entry_facts(), Strategy()).plan


def held(**changed: Any) -> Position:
    """An open bull put of two contracts, sold for 0.0200 ETH."""
    assert PLAN is not None
    fields: dict[str, Any] = {
        "position_id": PositionId("p-1"),
        "cycle_id": CycleId("entry-1"),
        "plan": PLAN,
        "kind": PLAN.kind,
        "state": PositionState.OPEN,
        "contracts_opened": 2,
        "contracts": 2,
        "entered_at": MONDAY,
        "credit_eth": Decimal("0.0200"),
        "pnl_eth": Decimal("0.0200"),
        "pnl_usd": Decimal(60),
    }
    return Position(**(fields | changed))


def closed(pnl_usd: str, at: datetime = MONDAY + timedelta(days=3), **changed: Any) -> Position:
    return held(
        state=PositionState.CLOSED,
        contracts=0,
        closed_at=at,
        exit_rule=ExitRule.PROFIT,
        pnl_usd=Decimal(pnl_usd),
        pnl_eth=Decimal(pnl_usd) / 3000,
        **changed,
    )


def row(outcome: CycleOutcome | None, *reasons: str, slot: datetime = MONDAY) -> CycleRow:
    return CycleRow(
        cycle_id=cycle_id_of(Job.ENTRY, slot),
        job=Job.ENTRY,
        slot=slot,
        opened_at=slot,
        closed_at=None if outcome is None else slot,
        outcome=outcome,
        reasons=reasons,
    )


def seen(**changed: Any) -> WeekSeen:
    fields: dict[str, Any] = {
        "ended": ENDED,
        "trades": (),
        "live": (),
        "entries": (),
        "account": (),
        "marks_eth": {},
    }
    return WeekSeen(**(fields | changed))


@pytest.mark.parametrize("slot", [ENDED, ENDED + timedelta(hours=6, minutes=30), ENDED + timedelta(days=6.9)])
def test_the_week_is_the_last_whole_one_from_monday_to_monday(slot: datetime) -> None:
    assert week_before(slot) == (ENDED - timedelta(weeks=1), ENDED)


def test_a_quiet_week_says_so_in_every_part() -> None:
    assert digest_text(seen()) == (
        "2026-01-05 to 2026-01-11: no trade closed. Nothing is open. "
        "The account was not seen at an entry decision. No entry was due."
    )


def test_a_week_of_trading_is_told_with_what_it_proves() -> None:
    account = (
        AccountPoint(MONDAY - timedelta(weeks=1), 10.0, 3000.0),
        AccountPoint(MONDAY, 10.0, 2990.0),
        AccountPoint(ENDED, 10.0, 1.0),
    )
    earlier = closed("-10", at=MONDAY - timedelta(days=20))
    later = closed("99", at=ENDED)
    text = digest_text(
        seen(
            trades=(earlier, closed("30"), later),
            live=(held(),),
            entries=(row(CycleOutcome.ENTERED),),
            account=account,
        )
    )
    assert "2026-01-05 to 2026-01-11: 1 trade closed, 1 with a gain, +30.00 USD (+0.01000000 ETH)." in text
    assert "So far 2 trades closed, 1 with a gain, +20.00 USD (+0.00666667 ETH); mean r " in text
    assert "n = 2: too few trades for an interval; they prove nothing." in text
    assert "2 contracts, its value is not known." in text
    assert "Account at 2026-01-05 14:00Z: 29,900.00 USD, -100.00 since 2025-12-29" in text
    assert text.endswith("1 of 1 entry cycles entered.")
    assert text.isprintable()


def test_an_open_position_is_worth_what_closing_would_bring() -> None:
    position = held()
    marks_eth = {leg.instrument_name: Decimal("0.0100") for leg in position.plan.legs}
    assert pnl_at_marks_eth(position, marks_eth) == Decimal("0.0200")
    assert "+0.02000000 ETH if closed at the marks" in digest_text(
        seen(live=(position,), marks_eth=marks_eth)
    )
    assert "Nothing is open." in digest_text(seen(live=(held(contracts=0),)))


def test_an_open_position_is_told_in_usd_where_the_index_is_known() -> None:
    """Bought back at a net 0, it keeps the 0.0200 ETH and 60 USD that it was sold for."""
    position = held()
    marks_eth = {leg.instrument_name: Decimal("0.0100") for leg in position.plan.legs}
    (told,) = open_texts([position], marks_eth, 3100.0)
    assert "+60.00 USD (+0.02000000 ETH) if closed at the marks, before fees." in told


def test_what_was_traded_so_far_is_told_or_that_it_is_nothing() -> None:
    assert so_far_text([held()]) == "No trade is closed yet."
    told = so_far_text([held(), closed("30"), closed("-10")])
    assert told.startswith("So far 2 trades closed, 1 with a gain, +20.00 USD")


def test_why_nothing_was_entered_is_told_in_order_of_how_often() -> None:
    entries = (
        row(CycleOutcome.NO_ENTRY, "market", "vrp_min", "dvol_max"),
        row(CycleOutcome.NO_ENTRY, "market", "vrp_min"),
        row(CycleOutcome.BLOCKED, "armed", "suspended:clock"),
        row(None),
    )
    text = digest_text(seen(entries=entries))
    assert text.endswith(
        "0 of 4 entry cycles entered. "
        "Not entered by market: vrp_min (2), blocked: armed (1), blocked: suspended:clock (1) and 1 more."
    )


def test_an_account_seen_once_or_long_ago_has_no_change() -> None:
    once = seen(account=(AccountPoint(MONDAY, 10.0, 3000.0),))
    assert "30,000.00 USD. No entry" in digest_text(once)
    before = [AccountPoint(MONDAY - timedelta(weeks=weeks), 10.0, 3000.0) for weeks in (3, 2)]
    assert "Account at 2025-12-22 14:00Z: 30,000.00 USD. No entry" in digest_text(seen(account=before))


def test_a_trade_that_staked_nothing_ends_no_digest() -> None:
    free = held().plan.model_copy(update={"worst_loss_usd": 0.0})
    text = digest_text(seen(trades=(closed("5", plan=free), closed("5", plan=free))))
    assert "mean r: no trade was closed, so there is nothing to say." in text


def test_a_position_that_never_opened_or_is_not_closed_is_no_trade() -> None:
    assert "no trade closed" in digest_text(seen(trades=(closed("5", contracts_opened=0), held())))


def test_a_closed_trade_has_the_amounts_of_all_its_contracts() -> None:
    position = closed("30")
    trade = closed_trade(position, Decimal("0.001"))
    assert trade.mid_credit_eth == 2 * position.plan.mid_eth
    assert trade.worst_loss_usd == 2 * position.plan.worst_loss_usd
    assert (trade.crossing_in_eth, trade.crossing_out_eth) == (
        trade.mid_credit_eth - Decimal("0.0200"),
        Decimal("0.001"),
    )


def test_refusals_are_counted_by_month_rule_and_check() -> None:
    february = datetime(2026, 2, 2, 14, 0, tzinfo=UTC)
    rows = (
        row(CycleOutcome.NO_ENTRY, "market", "vrp_min"),
        row(CycleOutcome.NO_ENTRY, "market", "vrp_min"),
        row(CycleOutcome.NO_ENTRY, "bias", slot=february),
        row(CycleOutcome.NO_ENTRY, slot=february),
        row(CycleOutcome.VETOED, slot=february),
        row(CycleOutcome.ENTERED, slot=february),
    )
    assert refusals(rows) == (
        Refusal("2026-01", "market", "vrp_min", 2),
        Refusal("2026-02", "-", "-", 1),
        Refusal("2026-02", "bias", "-", 1),
        Refusal("2026-02", "vetoed", "-", 1),
    )
