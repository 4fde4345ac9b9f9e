"""A proposal without an instruction is cancelled: at the end of its cycle, later, or by a successor."""

from __future__ import annotations

import pytest

from actors.runtime import AskTimeout
from core.alerts import AlertCode
from core.messages.alerting import Severity
from core.messages.base import Refused
from core.messages.execution import FinalOutcome
from core.messages.state import (
    CloseCycle,
    CloseProposal,
    GetPosition,
    OpenCycles,
    RecordDecision,
    Recorded,
)
from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import PositionState
from core.values import CycleId
from tests.actors.decision.desk import DecisionDesk, entry_market, position
from tests.actors.decision.test_entry_cycle import ENTRY, at_order


def test_a_proposal_that_no_order_followed_gives_its_slot_back() -> None:
    desk = at_order()
    desk.terminated("execution")
    released = desk.sent("state", CloseProposal)
    assert [close.proposal_id for close in released] == [f"p-{ENTRY}"]


@pytest.mark.parametrize(
    "outcome",
    [each for each in FinalOutcome if each not in (FinalOutcome.FILLED, FinalOutcome.PARTLY_FILLED)],
)
def test_a_proposal_ends_before_its_cycle_whatever_the_outcome(outcome: FinalOutcome) -> None:
    """A stopping engine refuses the order without a look at the proposal, for one."""
    desk = at_order()
    desk.order_final(outcome, "stopping")
    told = [type(message) for message in desk.ctx.told_to("state")]
    assert told[-2:] == [CloseProposal, CloseCycle]


def test_a_proposal_that_has_become_an_order_is_left_to_execution() -> None:
    desk = at_order()
    desk.positions[0] = position(f"p-{ENTRY}", PositionState.AWAITING_FILL)
    desk.order_final(FinalOutcome.IN_DOUBT)
    assert desk.sent("state", CloseProposal) == []


@pytest.mark.raises_alert(AlertCode.PROPOSAL_NOT_RELEASED, AlertCode.CYCLE_REFUSED)
def test_a_proposal_that_the_books_could_not_cancel_is_cancelled_later() -> None:
    desk = at_order()
    desk.state_answers = False
    desk.order_final(FinalOutcome.REFUSED, "stopping")
    (close,) = desk.sent("state", CloseProposal)
    desk.tell(Refused(request_id=close.request_id, reasons=("books_busy",)))
    assert desk.alerts("proposal_not_released") == [Severity.HIGH]
    desk.state_answers = True
    desk.pass_time(61)
    first, second = (each.request_id for each in desk.sent("state", CloseProposal))
    assert first != second, "the books would answer a known id with the first answer"
    desk.pass_time(61)
    assert len(desk.sent("state", CloseProposal)) == 2


def test_a_proposal_is_cancelled_later_if_the_books_can_not_be_read_when_its_cycle_ends() -> None:
    desk = at_order()
    readable = desk.ctx.asks[GetPosition]
    desk.ctx.asks[GetPosition] = AskTimeout("2 s")
    desk.order_final(FinalOutcome.REFUSED, "stopping")
    assert desk.end() == (CycleOutcome.REFUSED, ("stopping",))
    desk.ctx.asks[GetPosition] = readable
    desk.pass_time(61)
    assert [close.proposal_id for close in desk.sent("state", CloseProposal)] == [f"p-{ENTRY}"]


@pytest.mark.parametrize("epoch", [1, 2])
def test_proposals_that_another_incarnation_has_left_are_cancelled(epoch: int) -> None:
    """Also those of cycles that have an outcome, which are not taken up."""
    desk = DecisionDesk(recovered=False, epoch=epoch)
    desk.positions = [position("p-entry-1", PositionState.PROPOSED)]
    desk.recover(proposed=(CycleId("entry-1"),))
    assert [close.proposal_id for close in desk.sent("state", CloseProposal)] == ["p-entry-1"]


def test_the_proposal_of_the_cycle_under_way_is_no_left_over() -> None:
    desk = at_order()
    desk.tell(OpenCycles(request_id="late", cycles=(), proposed=(ENTRY,)))
    assert desk.sent("state", CloseProposal) == []


def test_a_proposal_that_was_on_its_way_when_its_cycle_ended_is_cancelled_when_it_is_on_record() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    desk.state_answers = False
    desk.snapshot(entry_market())
    decided = desk.sent("state", RecordDecision)[0]
    desk.pass_time(desk.strategy.scheduler.cycle_deadline_s + 1)
    assert desk.ends()[0].reasons == ("deadline:recording",)
    assert desk.sent("state", CloseProposal) == []
    desk.positions = [position(f"p-{ENTRY}", PositionState.PROPOSED)]
    desk.tell(Recorded(request_id=decided.request_id))
    assert [close.proposal_id for close in desk.sent("state", CloseProposal)] == [f"p-{ENTRY}"]
