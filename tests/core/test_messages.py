"""Messages are data: each is a frozen value that refuses unknown fields."""

from __future__ import annotations

import importlib
import pkgutil
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

import core.messages
from core.alerts import AlertCode, Severity
from core.messages.alerting import RaiseAlert
from core.messages.base import Query, Refused
from core.messages.engine_status import EngineStatus
from core.messages.execution import ExitEnded
from core.messages.kill_switch import Permit
from core.messages.market_data import SnapshotFault
from core.messages.mcp import EditOrder, SendOrder
from core.messages.restart import NEVER_RESTARTED, RESTARTED, RestartActor
from core.messages.scheduler import GetJobs, Jobs
from core.messages.state import BooksRead, GetBooks, Recorded, RecordEvent, Recording, RecordingAnswer
from core.orders.books import EntryLatch, LatchSource
from core.orders.lifecycle import OrderState, PositionState
from core.values import OrderId, PositionId
from tests.core.orders.test_reconcile import NOW, books
from tests.fakes.engine_status import STATES

MODULES = [
    importlib.import_module(f"core.messages.{found.name}")
    for found in pkgutil.iter_modules(core.messages.__path__)
]
MODELS = sorted(
    {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.__name__
    },
    key=lambda model: model.__qualname__,
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_is_told_does_not_change_and_knows_its_fields(model: type[BaseModel]) -> None:
    assert model.model_config["frozen"]
    assert model.model_config["extra"] == "forbid"


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_what_a_command_is_told_over_the_socket_is_what_the_engine_said(state: EngineStatus) -> None:
    """Strict settings take an array for a tuple only where JSON itself is read, not what was made of it."""
    assert EngineStatus.model_validate_json(state.model_dump_json()) == state


def test_a_missing_part_is_named_by_source_part_and_kind() -> None:
    fault = SnapshotFault(source="deribit", part="get_dvol", kind="server", detail="expected 200, found 503")
    assert fault.reason == "deribit.get_dvol:server"


class Taker:
    """An address that only keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def tell(self, message: object, /) -> None:
        self.told.append(message)


def test_a_question_is_a_message_to_an_address_and_hands_its_answer_on() -> None:
    taker, query = Taker(), GetJobs()
    question = query.to(taker)
    assert (question.address, question.message) == (taker, query)
    jobs = Jobs(running=True, next_runs={}, disabled=())
    assert question.answer(jobs) is jobs
    assert taker.told == []


def test_an_answer_that_the_message_does_not_name_is_refused() -> None:
    """A room that answers with something else fails its asker at once, and not where the answer is used."""
    question = GetJobs().to(Taker())
    with pytest.raises(TypeError, match="GetJobs: expected Jobs as its answer, found Recorded"):
        question.answer(Recorded(request_id="r"))
    with pytest.raises(TypeError, match="GetJobs: expected Jobs as its answer, found NoneType"):
        question.answer(None)


def test_a_message_knows_the_classes_of_its_answers_also_from_its_base() -> None:
    assert GetJobs.answers == (Jobs,)
    assert GetBooks.answers == (BooksRead, Refused)
    assert RecordEvent.answers == Recording.answers == get_args(RecordingAnswer)


def test_what_answers_a_message_makes_no_class_of_its_own() -> None:
    assert [base for base in GetJobs.__mro__ if issubclass(base, Query)] == [GetJobs, Query]


@pytest.mark.parametrize(
    ("state", "nothing_left"),
    [
        (None, True),
        *((state, state in (PositionState.CLOSED, PositionState.CANCELLED)) for state in PositionState),
    ],
)
def test_an_exit_is_over_for_good_if_nothing_is_left(state: PositionState | None, nothing_left: bool) -> None:
    ended = ExitEnded(position_id=PositionId("p-1"), state=state)
    assert ended.nothing_left is nothing_left


def test_an_attempt_under_a_permit_is_known_by_the_permit() -> None:
    [instruction] = books(OrderState.SENT).instructions
    label, terms = instruction.label, instruction.terms
    permit = Permit(permit_id="permit-7", label=label, terms=terms, expires_at=instruction.valid_until)
    assert SendOrder(instruction=instruction, permit=permit).attempt_id == "permit-7"
    edit = EditOrder(label=label, order_id=OrderId("O1"), terms=terms, permit=permit)
    assert edit.attempt_id == "permit-7"


@pytest.mark.parametrize("room", [*NEVER_RESTARTED, "nobody"])
def test_no_other_room_than_those_that_can_be_is_restarted(room: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RestartActor(request_id="r", actor=room, reason="drill", at=NOW)
    expected = NEVER_RESTARTED.get(room, ", ".join(RESTARTED))
    assert expected in str(refused.value)


@pytest.mark.parametrize("room", RESTARTED)
def test_each_room_that_can_be_is_restarted_by_its_name(room: str) -> None:
    assert RestartActor(request_id="r", actor=room, reason="drill", at=NOW).actor == room


def test_an_alert_is_recorded_with_what_it_is_about() -> None:
    alert = RaiseAlert(
        severity=Severity.HIGH, code=AlertCode.OTHERS_ORDER, text="t", cause="c", at=NOW, subject="mcp.macro"
    )
    assert alert.shown_code == f"{AlertCode.OTHERS_ORDER.value}:mcp.macro"
    assert alert.model_copy(update={"subject": ""}).shown_code == AlertCode.OTHERS_ORDER.value


def test_the_latches_of_the_books_are_found_by_source_and_by_being_set() -> None:
    latch = EntryLatch(source=LatchSource.OPERATOR, latched=False, reason="r", who="ada", at=NOW)
    other = latch.model_copy(update={"source": LatchSource.PROTECTIONS, "latched": True})
    found = books(OrderState.SENT).model_copy(update={"latches": (latch, other)})
    assert found.latched == (other,)
    assert found.latch(LatchSource.OPERATOR) is latch
    assert books(OrderState.SENT).latch(LatchSource.OPERATOR) is None
