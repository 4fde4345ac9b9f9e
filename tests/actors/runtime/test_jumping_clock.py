"""The jumping clock: market time stands while anything is under way, and jumps when all is idle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from actors.runtime import ActorFailed, ActorRestarted, Backoff, JumpingClock, SupervisorSpec, ThreadRuntime
from tests.actors.runtime.test_context import Scripted, scripted
from tests.actors.runtime.world import START, Block, Crash, Note, World

AT_ONCE = Backoff(min_s=0.0, cap_s=0.0, jitter=0.0)


@pytest.fixture
def jumping() -> Iterator[World]:
    """A world on threads with a jumping clock."""
    made = World("threads")
    yield made
    made.close()
    # A worker reports the end of its life before it counts itself out.
    made.until(lambda: clock_of(made).under_way == 0)


def clock_of(world: World) -> JumpingClock:
    assert isinstance(world.runtime, ThreadRuntime)
    assert isinstance(world.runtime.clock, JumpingClock)
    return world.runtime.clock


def test_time_stands_while_a_handler_runs(jumping: World) -> None:
    """A timer that is due in the future does not fire under a running handler."""

    def run(actor: Scripted, message: object) -> object:
        if message == "run":
            before = actor.ctx.now()
            actor.ctx.call_later(1.0, "timer")
            jumping.let_go.wait(0.05)
            return (actor.ctx.now() - before).total_seconds()
        jumping.note(message)
        return None

    jumping.start(SupervisorSpec("root", (scripted("a", run),)))
    assert jumping.ask("a", "run") == 0.0
    jumping.until_noted("timer")


def test_time_goes_on_past_mail_behind_a_sleeping_handler(jumping: World) -> None:
    """Mail that waits behind a parked handler can't hold the time up that the handler waits for."""

    def sleep(actor: Scripted, message: object) -> object:
        if message == "sleep":
            jumping.note("asleep")
            actor.ctx.sleep(3600.0)
        return (actor.ctx.now() - START).total_seconds()

    jumping.start(SupervisorSpec("root", (scripted("a", sleep),)))
    with jumping.runtime.operation():
        jumping.tell("a", "sleep")
        jumping.until_noted("asleep")
        jumping.tell("a", "behind")
    assert jumping.ask("a", "now") == 3600.0


def test_time_stands_during_an_operation(jumping: World) -> None:
    """An operator's request holds the clock until it is answered."""
    jumping.start(SupervisorSpec("root", (jumping.child("a"),)))
    fired: list[object] = []
    with jumping.runtime.operation():
        clock_of(jumping).add_timer(clock_of(jumping).now_us() + 1, lambda: fired.append("timer"))
        jumping.ask("a", Note(1))
        assert fired == []
    jumping.until(lambda: fired == ["timer"])


def test_mail_of_a_cell_in_backoff_does_not_hold_the_clock(jumping: World) -> None:
    """While a cell is down its mail is not under way, so the clock can come to its restart."""
    backoff = Backoff(min_s=100.0, cap_s=100.0, jitter=0.0)
    jumping.start(SupervisorSpec("root", (jumping.child("a"),), backoff=backoff))
    with jumping.runtime.operation():
        jumping.tell("a", Crash(ValueError("x")))
        jumping.tell("a", Note(1))
    jumping.until_noted("note", "a", 1)
    jumping.until_event(ActorRestarted)
    (failed,), (back,) = jumping.events_of(ActorFailed), jumping.events_of(ActorRestarted)
    assert back.at - failed.at == timedelta(seconds=100)


def test_fencing_gives_the_count_back(jumping: World) -> None:
    """A hung handler is found by process time; once fenced it holds the clock no more, woken or not."""
    child = jumping.child("a", hang_limit_s=0.1)
    jumping.start(SupervisorSpec("root", (child,), backoff=AT_ONCE))
    jumping.tell("a", Block())
    jumping.until_event(ActorRestarted, "root/a")
    jumping.until(lambda: clock_of(jumping).under_way == 0)


def test_speed_only_paces(jumping: World) -> None:
    """With a speed the same timers fire at the same market times."""
    fired: list[int] = []
    clock = JumpingClock(START, speed=1_000_000.0)
    with clock.operation():
        for delay_us in (3_000_000, 1_000_000, 2_000_000):
            clock.add_timer(clock.now_us() + delay_us, lambda: fired.append(clock.now_us()))
    jumping.until(lambda: len(fired) == 3)
    clock.shut_down()
    begin = JumpingClock(START).now_us()
    assert fired == [begin + seconds * 1_000_000 for seconds in (1, 2, 3)]
