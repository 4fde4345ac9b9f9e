"""The digest cycle: told once a week, on record before its row is closed, and a burden to nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from core.alerts import AlertCode, Severity
from core.messages.alerting import AlertRaised, RaiseAlert
from core.messages.base import Refused
from core.messages.market_data import GetMarks
from core.messages.state import ClosedTrades, GetClosedTrades, GetWeek, WeekRead
from core.orders.books import CycleOutcome, CycleRow, Job, Position
from core.orders.lifecycle import PositionState
from tests.actors.decision.desk import DEADLINE, DecisionDesk, cycle_id, position
from tests.core.example_market import NOW
from tests.fakes.open_position import marks

SLOT = NOW.replace(hour=6, minute=30)
CYCLE = cycle_id(Job.DIGEST, SLOT)
UNSEEN = marks()


def read(
    desk: DecisionDesk,
    *trades: Position,
    told_already: bool = False,
    first_cycle_at: datetime | None = SLOT - timedelta(weeks=3),
) -> None:
    """State answers both queries."""
    closed = desk.sent("state", GetClosedTrades)[-1]
    desk.tell(ClosedTrades(request_id=closed.request_id, positions=trades))
    week = desk.sent("state", GetWeek)[-1]
    desk.tell(
        WeekRead(
            request_id=week.request_id,
            entries=(),
            account=(),
            told=told_already,
            first_cycle_at=first_cycle_at,
        )
    )


def digesting(desk: DecisionDesk | None = None) -> DecisionDesk:
    desk = desk or DecisionDesk()
    desk.ctx.asks[GetMarks] = lambda _: UNSEEN
    desk.due(Job.DIGEST, SLOT)
    return desk


def told(desk: DecisionDesk) -> list[RaiseAlert]:
    return [alert for alert in desk.sent("alerting", RaiseAlert) if alert.code is AlertCode.WEEKLY_DIGEST]


@pytest.mark.raises_alert(AlertCode.WEEKLY_DIGEST)
def test_the_digest_is_on_record_before_its_cycle_ends() -> None:
    desk = digesting()
    read(desk)
    (alert,) = told(desk)
    assert (alert.severity, alert.cause) == (Severity.MEDIUM, CYCLE)
    assert "no trade closed" in alert.text
    assert desk.ends() == []
    desk.tell(AlertRaised(request_id=alert.request_id))
    assert desk.end() == (CycleOutcome.REPORTED, ())


def test_it_covers_the_week_before_its_slot() -> None:
    desk = digesting()
    read(desk)
    week = desk.sent("state", GetWeek)[-1]
    assert week.ended == SLOT.replace(hour=0, minute=0)
    assert week.ended - week.began == timedelta(weeks=1)
    assert week.account_since < week.began


def test_an_earlier_incarnations_digest_has_the_same_id() -> None:
    """The row is taken up however late, and alerting and the books know an alert by its id."""
    first = digesting()
    read(first)
    again = DecisionDesk(now=NOW + timedelta(days=2), recovered=False)
    again.ctx.asks[GetMarks] = lambda _: UNSEEN
    row = CycleRow(cycle_id=CYCLE, job=Job.DIGEST, slot=SLOT, opened_at=SLOT)
    again.rows[Job.DIGEST, SLOT] = None
    again.recover((row, False))
    read(again)
    assert [alert.request_id for alert in told(first)] == [alert.request_id for alert in told(again)]


def test_a_week_that_is_on_record_is_not_told_again() -> None:
    """An incarnation ended between the record of the alert and the end of the cycle."""
    desk = digesting()
    read(desk, told_already=True)
    assert told(desk) == []
    assert desk.end() == (CycleOutcome.REPORTED, ("told_already",))


@pytest.mark.parametrize("first_cycle_at", [None, SLOT.replace(hour=0, minute=0), SLOT])
def test_a_week_before_the_first_cycle_is_not_told(first_cycle_at: datetime | None) -> None:
    """An engine that began on Monday morning has seen nothing of the week before."""
    desk = digesting()
    read(desk, first_cycle_at=first_cycle_at)
    assert told(desk) == []
    assert desk.end() == (CycleOutcome.REPORTED, ("no_cycle_then",))


def test_a_week_that_ended_right_after_the_first_cycle_is_told() -> None:
    desk = digesting()
    read(desk, first_cycle_at=SLOT.replace(hour=0, minute=0) - timedelta(seconds=1))
    assert len(told(desk)) == 1


def test_a_slot_that_was_told_is_not_told_again() -> None:
    desk = digesting()
    read(desk)
    desk.tell(AlertRaised(request_id=told(desk)[0].request_id))
    desk.due(Job.DIGEST, SLOT)
    assert len(told(desk)) == 1


def test_it_needs_no_recovery_and_blocks_no_other_cycle_for_longer_than_a_step() -> None:
    desk = digesting(DecisionDesk(recovered=False))
    assert len(desk.sent("state", GetClosedTrades)) == 1
    desk.pass_time(DEADLINE.total_seconds() + 1)
    assert desk.end() == (CycleOutcome.DEADLINE, ("deadline:trades",))


def test_without_market_data_the_digest_goes_without_values() -> None:
    desk = DecisionDesk()
    desk.positions = [position()]
    desk.due(Job.DIGEST, SLOT)
    read(desk)
    assert "its value is not known" in told(desk)[0].text


@pytest.mark.parametrize("number", [0, 1])
def test_books_that_can_not_be_read_end_the_cycle_by_name(number: int) -> None:
    desk = digesting()
    if number:
        closed = desk.sent("state", GetClosedTrades)[-1]
        desk.tell(ClosedTrades(request_id=closed.request_id, positions=()))
    asked = desk.sent("state", GetWeek if number else GetClosedTrades)[-1]
    assert isinstance(asked, GetWeek | GetClosedTrades)
    desk.tell(Refused(request_id=asked.request_id, reasons=("database_corrupt",)))
    assert desk.end() == (CycleOutcome.ACTOR_FAILED, ("state_refused", "database_corrupt"))
    assert told(desk) == []


def test_a_row_that_no_figure_can_be_made_of_ends_the_cycle_and_not_the_room() -> None:
    desk = digesting()
    odd = position(state=PositionState.CLOSED).model_copy(
        update={"closed_at": SLOT - timedelta(days=3), "pnl_usd": Decimal("sNaN")}
    )
    read(desk, odd)
    outcome, reasons = desk.end()
    assert (outcome, reasons[0]) == (CycleOutcome.ACTOR_FAILED, "digest_failed")
    desk.due(Job.KELLY)
    assert desk.sent("state", GetClosedTrades)[-1].request_id.startswith("trades-kelly")
