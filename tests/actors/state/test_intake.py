"""Each request id is in the books' intake once, with everyone who waits for its answer."""

from __future__ import annotations

from actors.state.intake import Intake
from core.messages.base import Refused
from core.messages.state import RecordingAnswer
from tests.actors.state.books_room import event

REFUSED = Refused(request_id="r", reasons=("no",))


def test_it_takes_no_more_than_its_bound() -> None:
    intake = Intake(2)
    assert [intake.put(event(number), None, lambda _: None) for number in range(3)] == [True, True, False]
    assert len(intake) == 2
    assert [waiting.request for waiting in intake.take(5)] == [event(0), event(1)]


def test_who_asks_again_is_answered_with_the_first_also_while_it_is_on_its_way() -> None:
    intake, told = Intake(2), list[tuple[str, RecordingAnswer]]()
    request = event(0)
    assert not intake.join(request.request_id, lambda _: None), "nobody has asked yet"
    assert intake.put(request, None, lambda answer: told.append(("first", answer)))
    [waiting] = intake.take(1)
    assert intake.join(request.request_id, lambda answer: told.append(("second", answer)))
    intake.done([waiting])
    waiting.answer(REFUSED)
    assert told == [("first", REFUSED), ("second", REFUSED)]
    assert not intake.join(request.request_id, lambda _: None), "it is answered"


def test_a_record_of_the_rooms_own_goes_first_whatever_the_bound() -> None:
    intake = Intake(1)
    assert intake.put(event(0), None, lambda _: None)
    intake.put_first(event(1))
    assert [waiting.request for waiting in intake.take(1)] == [event(1)]
