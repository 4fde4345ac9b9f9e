"""State answers late, or twice: told again, it says what it said before."""

from __future__ import annotations

from core.messages.base import Refused
from core.messages.market_data import FetchSnapshot
from core.messages.state import CycleOpened, OpenCycle, RecordDecision, Recorded
from core.orders.books import CycleOutcome, Job
from tests.actors.decision.desk import DecisionDesk, cycle_id, monitor_market, position
from tests.actors.decision.test_monitor_cycle import PROFIT
from tests.actors.decision.test_monitor_ends import watching
from tests.actors.decision.test_no_room import FULL
from tests.core.example_market import NOW


def test_an_idle_monitor_whose_end_is_told_after_a_recovery_is_owed() -> None:
    """State ended between commit and answer; the recovery that followed has found a fill, which no monitor
    has looked at."""
    desk = DecisionDesk()
    desk.state_answers = False
    desk.due(Job.MONITOR)
    (row,) = desk.sent("state", OpenCycle)
    desk.terminated("execution")
    desk.pass_time(5.0)
    desk.positions, desk.seq = [position()], 2
    desk.recover()
    desk._seen = len(desk.ctx.told)
    desk.state_answers = True
    desk.tell(
        CycleOpened(
            request_id=row.request_id,
            cycle_id=cycle_id(row.job, row.slot),
            job=row.job,
            slot=row.slot,
            resumed=False,
            closed=True,
        )
    )
    assert len(desk.sent("market_data", FetchSnapshot)) == 1


def test_a_monitor_whose_end_was_refused_and_then_taken_does_not_decide_again() -> None:
    """Told twice (the outbox tells again after 5 s) to a state that was busy: of the two the first found the
    disk full and the second found room. The row is closed, and what is decided anew contradicts it."""
    desk = watching()
    desk.state_answers = False
    desk.snapshot(monitor_market())
    (first,) = desk.sent("state", RecordDecision)
    assert first.end is not None
    desk.tell(Refused(request_id=first.request_id, reasons=FULL))
    desk.rows[Job.MONITOR, NOW] = CycleOutcome.HELD
    desk.tell(Recorded(request_id=first.request_id))
    desk._seen = len(desk.ctx.told)
    desk.state_answers = True
    desk.positions = [position(credit_eth=PROFIT)]
    desk.pass_time(60.0)
    assert len(desk.sent("market_data", FetchSnapshot)) == 1
    assert [ended.outcome for ended in desk.status().recent] == [CycleOutcome.HELD]


def test_the_row_is_opened_again_until_state_says_how_it_stands() -> None:
    desk = watching()
    desk.state_answers = False
    desk.snapshot(monitor_market())
    (first,) = desk.sent("state", RecordDecision)
    desk.tell(Refused(request_id=first.request_id, reasons=FULL))
    for _ in range(2):
        desk.pass_time(60.0)
        row = desk.sent("state", OpenCycle)[-1]
        desk.tell(Refused(request_id=row.request_id, reasons=FULL))
    assert len(desk.sent("market_data", FetchSnapshot)) == 1
    desk.state_answers = True
    desk._seen = len(desk.ctx.told)
    desk.pass_time(60.0)
    assert len(desk.sent("market_data", FetchSnapshot)) == 2
