"""What a person asks the phone: answered from the engine's status and its books, or said not to be."""

from __future__ import annotations

import pytest

from actors.phone.actor import TOO_OLD
from actors.runtime import AskTimeout
from core.messages.control import GetStatus
from core.messages.state import ClosedTrades, GetClosedTrades, GetLastCycle, LastCycle
from core.orders.books import CycleOutcome, CycleRow, Job
from core.statistics.marked import pnl_at_marks_eth
from core.values import CycleId
from tests.actors.phone.desk import START, Desk
from tests.fakes.engine_status import state
from tests.fakes.open_position import POSITION, mark, marks

OLD_S = TOO_OLD.total_seconds() + 1
AWAY = AskTimeout("nobody answers")


@pytest.mark.parametrize("text", ["/status", "/positions", "/next", "/alerts"])
def test_questions_are_answered_from_the_engines_status(text: str) -> None:
    desk = Desk(may_act=False)
    desk.ctx.asks[GetStatus] = state()
    desk.sent(1, text, age_s=OLD_S)
    desk.run()
    assert desk.last_reply


def test_why_and_profit_are_answered_from_the_books() -> None:
    desk = Desk(may_act=False)
    cycle = CycleRow(
        cycle_id=CycleId("entry-1"),
        job=Job.ENTRY,
        slot=START,
        opened_at=START,
        closed_at=START,
        outcome=CycleOutcome.NO_ENTRY,
        reasons=("market", "vrp_below_min"),
    )
    desk.ctx.asks[GetLastCycle] = LastCycle(request_id="x", job=Job.ENTRY, cycle=cycle)
    desk.ctx.asks[GetClosedTrades] = ClosedTrades(request_id="x", positions=())
    desk.sent(1, "/why")
    desk.sent(2, "/profit")
    desk.run()
    why, profit = desk.bot.replies
    assert "the entry of Mon 05 Jan 14:00Z ended no_entry\n- market\n- vrp_below_min" in why
    assert "No trade is closed yet." in profit


def test_profit_tells_what_is_open_at_the_last_marks_to_the_last_digit() -> None:
    desk = Desk(may_act=False)
    short, long = sorted(leg.instrument_name for leg in POSITION.plan.legs)
    market = marks(mark(short, "0.01234567"), mark(long, "0.00500001"))
    desk.ctx.asks[GetStatus] = state(positions=(POSITION,), market=market)
    desk.ctx.asks[GetClosedTrades] = ClosedTrades(request_id="x", positions=())
    desk.sent(1, "/profit")
    desk.run()
    pnl_eth = pnl_at_marks_eth(POSITION, {leg.instrument_name: leg.mark_eth for leg in market.legs})
    assert f"({pnl_eth:+.8f} ETH) if closed at the marks, before fees" in desk.last_reply
    assert "together: " in desk.last_reply


def test_without_a_status_profit_still_tells_the_closed_trades() -> None:
    desk = Desk(may_act=False)
    desk.ctx.asks[GetClosedTrades] = ClosedTrades(request_id="x", positions=())
    desk.sent(1, "/profit")
    desk.run()
    assert "No trade is closed yet." in desk.last_reply
    assert "what is open can't be read now" in desk.last_reply


@pytest.mark.parametrize("text", ["/status", "/why", "/profit"])
def test_a_question_that_nobody_answers_says_so(text: str) -> None:
    desk = Desk()
    for asked in (GetStatus, GetLastCycle, GetClosedTrades):
        desk.ctx.asks[asked] = AWAY
    desk.sent(1, text)
    desk.run()
    assert desk.last_reply.startswith("no answer: AskTimeout")
