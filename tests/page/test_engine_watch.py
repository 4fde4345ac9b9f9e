"""The engine is asked once for all, and a dead or hanging one is told within 2 s."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Thread
from time import monotonic

import pytest

from core.errors import CerberoError, EngineNotRunningError, FoundWrongError, NoAnswerError
from core.messages.engine_status import EngineStatus
from page.sources.engine import AGAIN_AFTER_S, WAIT_S, EngineWatch
from tests.fakes.engine_status import STATES


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_who_did_not_answer_in_time_is_shown_as_before_and_not_as_gone() -> None:
    answers: list[EngineStatus | NoAnswerError] = [STATES["condor"], NoAnswerError("no answer within 9 s")]

    def ask() -> EngineStatus:
        said = answers.pop(0)
        if isinstance(said, NoAnswerError):
            raise said
        return said

    clock = Clock()
    watch = EngineWatch(ask, clock=clock)
    assert watch.look().problem is None
    clock.now_s += AGAIN_AFTER_S
    said = watch.look()
    assert (said.status, said.problem) == (STATES["condor"], "no answer within 9 s")


@pytest.mark.parametrize(
    ("error", "refuses"),
    [
        (FoundWrongError("control: 8 connections are in use"), True),
        (NoAnswerError("no answer within 9 s"), False),
        (EngineNotRunningError("no engine runs on data"), False),
    ],
)
def test_who_refuses_is_told_from_who_is_silent_or_gone(error: CerberoError, refuses: bool) -> None:
    """Only of a silent one may the page say how it is ended."""

    def ask() -> EngineStatus:
        raise error

    said = EngineWatch(ask, clock=Clock()).look()
    assert (said.problem, said.refuses) == (str(error), refuses)


class Engine:
    """Answers once it may, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = Event()
        self.may_answer.set()
        self.runs = True

    def __call__(self) -> EngineStatus:
        self.asked += 1
        self.may_answer.wait(30.0)
        if not self.runs:
            raise EngineNotRunningError("no engine runs on data")
        return STATES["condor"]


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.may_answer.set()


def test_ten_viewers_ask_once_a_second(engine: Engine) -> None:
    clock = Clock()
    watch = EngineWatch(engine, clock=clock)
    threads = [Thread(target=watch.look) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10.0)
    watch.look()
    assert engine.asked == 1
    clock.now_s += AGAIN_AFTER_S
    assert watch.look().problem is None
    assert engine.asked == 2


def test_an_engine_that_does_not_run_is_not_shown_as_it_was(engine: Engine) -> None:
    clock = Clock()
    watch = EngineWatch(engine, clock=clock)
    assert watch.look().status is not None
    engine.runs = False
    clock.now_s += AGAIN_AFTER_S
    said = watch.look()
    assert (said.status, said.problem) == (None, "no engine runs on data")


def test_an_engine_that_hangs_is_told_within_two_seconds_with_what_it_said_before(engine: Engine) -> None:
    watch = EngineWatch(engine)
    assert watch.look().problem is None
    engine.may_answer.clear()
    watch.forget()
    began_s = monotonic()
    said = watch.look()
    assert monotonic() - began_s < 2.0
    assert said.status is not None
    assert said.problem is not None
    assert said.problem.startswith("the engine has not answered for ")
    assert engine.asked == 2
    watch.look()
    assert engine.asked == 2, "one asking at a time"


def test_an_engine_with_a_silent_room_is_not_called_dead(engine: Engine) -> None:
    """Its answers take seconds, and are good until the next can be there."""
    clock = Clock()
    engine.may_answer.clear()
    watch = EngineWatch(engine, clock=clock)
    looked = Thread(target=watch.look)
    looked.start()
    while engine.asked == 0:
        looked.join(0.01)
    clock.now_s += 8.0
    engine.may_answer.set()
    looked.join(10.0)
    clock.now_s += 3.0
    said = watch.look()
    assert said.problem is None
    assert said.status is not None
    assert WAIT_S < 2.0
