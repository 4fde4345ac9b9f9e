"""The P&L at marks: what is booked stands, what is open moves with its mark and the index."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import FoundWrongError
from core.statistics.highs import HIGHS_KEY, PnlHigh, highs_of, highs_text, realised_highs
from core.statistics.marked import pnl_at_marks_eth, pnl_at_marks_usd, total_pnl_usd
from tests.actors.decision.desk import position
from tests.core.example_market import NOW

DAY = timedelta(days=1)
HELD = position(contracts=2).model_copy(update={"pnl_eth": Decimal("0.02"), "pnl_usd": Decimal("60")})
SHORT, LONG = HELD.plan.legs
MARKS = {SHORT.instrument_name: Decimal("0.012"), LONG.instrument_name: Decimal("0.005")}


def test_cash_flows_stand_at_their_own_index_and_legs_at_their_marks() -> None:
    """Closing two combos at marks costs 2 · 0.007 ETH, at 2,500 USD."""
    assert pnl_at_marks_eth(HELD, MARKS) == Decimal("0.006")
    assert pnl_at_marks_usd(HELD, MARKS, 2500.0) == Decimal(60) - Decimal("0.014") * 2500


def test_a_leg_without_a_mark_leaves_the_p_and_l_unknown() -> None:
    some = {SHORT.instrument_name: Decimal("0.012")}
    assert pnl_at_marks_usd(HELD, some, 2500.0) is None
    assert total_pnl_usd([Decimal(1)], [HELD], some, 2500.0) is None
    assert total_pnl_usd([Decimal(1)], [HELD], MARKS, None) is None


def test_closed_and_live_positions_add_up_and_one_that_holds_nothing_needs_no_mark() -> None:
    waiting = position("p-2").model_copy(update={"contracts": 0, "pnl_usd": Decimal(0)})
    assert total_pnl_usd([Decimal(-100), Decimal(30)], [HELD, waiting], MARKS, 2500.0) == Decimal(-45)
    assert total_pnl_usd([], [waiting], {}, None) == 0


def test_a_live_position_that_holds_nothing_any_more_has_brought_its_cash_flows() -> None:
    """It is all settled or closed and not yet final; its legs may have left the market."""
    settled = HELD.model_copy(update={"contracts": 0})
    assert pnl_at_marks_eth(settled, {}) == Decimal("0.02")
    assert pnl_at_marks_usd(settled, {}, 2500.0) == Decimal(60)
    assert total_pnl_usd([], [settled], {}, None) == 60


def test_highs_come_back_from_the_books_as_they_went_in() -> None:
    highs = (PnlHigh(at=NOW, pnl_usd=0.1 + 0.2), PnlHigh(at=NOW, pnl_usd=-5.0))
    assert highs_of(highs_text(highs)) == highs
    assert highs_of(None) == ()


@pytest.mark.parametrize("text", ["{", "7", "[[1]]", '[["noon", 1]]', f'[["{NOW.isoformat()}", "x"]]'])
def test_highs_that_are_none_are_told_as_what_the_books_hold(text: str) -> None:
    with pytest.raises(FoundWrongError, match=f"system {HIGHS_KEY}"):
        highs_of(text)


def test_the_highs_of_closed_trades_are_those_of_their_running_sum() -> None:
    """Each trade is a step: the curve stands at its old value until then."""
    closed = [(NOW - days * DAY, pnl) for days, pnl in ((40, 100.0), (20, -30.0), (10, 5.0))]
    found = realised_highs(closed, window=90 * DAY, since=None)
    assert [(high.at, high.pnl_usd) for high in found] == [
        (NOW - 20 * DAY, 100.0),
        (NOW - 10 * DAY, 75.0),
    ]
    assert realised_highs(closed, window=90 * DAY, since=NOW - 15 * DAY) == found[1:]
    assert realised_highs([], window=90 * DAY, since=None) == ()
