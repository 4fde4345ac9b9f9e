"""Threads that do not come back: Python can't end them, so they are counted and capped. And threads that are
not to be had at all."""

from __future__ import annotations

import pytest

from actors.runtime import (
    ActorFailed,
    ActorHung,
    ActorRestarted,
    Backoff,
    ExitKind,
    JumpingClock,
    RestartStrategy,
    SupervisorSpec,
    ThreadRuntime,
)
from tests.actors.runtime.test_context import AT_ONCE
from tests.actors.runtime.world import PATIENCE_S, Block, Crash, World


def test_abandoned_threads_are_capped() -> None:
    """Python can't end a thread: when too many hang for good, replacing them is not the answer any more."""
    world = World("threads")
    world.runtime.abandoned_max = 1
    child = world.child("a", hang_limit_s=0.1)
    world.start(SupervisorSpec("root", (child,), intensity=10, backoff=AT_ONCE))
    world.tell("a", Block())
    world.until_event(ActorRestarted, "root/a")
    world.tell("a", Block())
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED
    assert len(world.events_of(ActorHung, "root/a")) == 2
    world.close()


def test_starts_that_never_come_back_are_capped_as_well() -> None:
    """Also if failures alone would be retried for ever, as in a parked feed."""
    world = World("threads")
    world.runtime.abandoned_max = 1
    world.start_trouble["a"] = world.block
    child = world.child("a", start_deadline_s=0.05)
    world.start(SupervisorSpec("root", (child,), intensity=100, backoff=AT_ONCE))
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED
    assert world.notes.count(("start", "a")) == 2
    world.close()


def test_those_stopped_by_force_for_another_are_capped_as_well() -> None:
    """`rest_for_one` leaves a worker behind each time a later child does not obey."""
    world = World("threads")
    world.runtime.abandoned_max = 1
    children = (world.child("a"), world.child("b", shutdown_timeout_s=0.05))
    tree = SupervisorSpec("root", children, RestartStrategy.REST_FOR_ONE, intensity=100, backoff=AT_ONCE)
    world.start(tree)
    for times in (1, 2):
        world.tell("b", Block())
        world.until_noted("blocked", "b", times=times)
        world.tell("a", Crash(ValueError("poison")))
        world.until_noted("stop", "b", times=times)
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED
    world.close()


def test_those_stopped_by_force_below_a_nested_supervisor_are_capped_as_well() -> None:
    """The count is one for the whole system, whoever it was that had to use force."""
    world = World("threads")
    world.runtime.abandoned_max = 1
    below = SupervisorSpec("below", (world.child("b", shutdown_timeout_s=0.05),), backoff=AT_ONCE)
    tree = SupervisorSpec(
        "root", (world.child("a"), below), RestartStrategy.REST_FOR_ONE, intensity=100, backoff=AT_ONCE
    )
    world.start(tree)
    for times in (1, 2):
        world.tell("b", Block())
        world.until_noted("blocked", "b", times=times)
        world.tell("a", Crash(ValueError("poison")))
        world.until_noted("stop", "b", times=times)
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED
    world.close()


def hung_with_an_on_stop_that_hangs(abandoned_max: int, backoff: Backoff = AT_ONCE) -> World:
    """`a` hangs in its handler, and what was to let go of its things on another worker hangs as well."""
    world = World("threads")
    world.runtime.abandoned_max = abandoned_max
    # For longer than any test would wait for it.
    world.stop_trouble["a"] = lambda _probe: world.let_go.wait(10 * PATIENCE_S)
    child = world.child("a", hang_limit_s=0.05, shutdown_timeout_s=0.05)
    world.start(SupervisorSpec("root", (child,), intensity=100, backoff=backoff))
    world.tell("a", Block())
    return world


def test_on_stop_that_hangs_on_another_worker_is_an_abandoned_thread_too() -> None:
    """One hang that costs two threads uses up two of those that may be lost."""
    world = hung_with_an_on_stop_that_hangs(abandoned_max=1)
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED
    assert world.notes.count(("start", "a")) == 1
    world.close()


def test_abandoned_threads_that_come_back_count_no_more() -> None:
    """Handler and `on_stop` alike: the count is of those that are lost, not of all that ever were."""
    world = hung_with_an_on_stop_that_hangs(abandoned_max=2)
    world.until_event(ActorRestarted, "root/a")
    assert world.runtime.abandoned == 2
    world.let_go.set()
    world.until(lambda: world.runtime.abandoned == 0)
    world.close()


def test_on_stop_that_hangs_on_another_worker_does_not_hold_market_time() -> None:
    """Nobody waits for it any longer, so it is not under way, and the backoff comes to its end."""
    world = hung_with_an_on_stop_that_hangs(abandoned_max=2, backoff=Backoff(min_s=5.0, jitter=0.0))
    world.until_event(ActorRestarted, "root/a")
    (failed,), (restarted,) = world.events_of(ActorFailed), world.events_of(ActorRestarted)
    assert (restarted.at - failed.at).total_seconds() == 5.0
    world.close()


def test_without_any_thread_left_the_root_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor that can't be started again must not be waited for."""
    world = World("threads")
    below = SupervisorSpec("below", (world.child("a", shutdown_timeout_s=0.05),), backoff=AT_ONCE)
    world.start(SupervisorSpec("root", (world.child("first"), below), backoff=AT_ONCE))
    runtime = world.runtime
    assert isinstance(runtime, ThreadRuntime)

    def refuse(name: str, job: object, work: object) -> None:
        raise RuntimeError(f"can't start new thread for {name}: {job}, {work}")

    with monkeypatch.context() as patch:
        patch.setattr(runtime, "_put_on_thread", refuse)
        world.tell("a", Crash(ValueError("poison")))
        assert world.exit().kind is ExitKind.ROOT_EXHAUSTED
    clock = runtime.clock
    assert isinstance(clock, JumpingClock)
    world.until(lambda: clock.under_way == 0, "or market time would stand still for the outside")
    world.close()
