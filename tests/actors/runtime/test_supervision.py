"""Supervision beyond OTP: backoff, parking, hangs and fencing, escalation, hooks that raise."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.runtime import (
    ActorFailed,
    ActorHung,
    ActorParked,
    ActorRestarted,
    ActorStarted,
    ActorUnavailable,
    AskFailed,
    Backoff,
    Exhausted,
    ExitKind,
    HandlerHung,
    HookFailed,
    OnHang,
    RestartStrategy,
    RootExhausted,
    RuntimeEvent,
    StartTimeout,
    SupervisorExhausted,
    SupervisorSpec,
)
from tests.actors.runtime.world import START, Block, Crash, Note, Pause, Probe, Remind, World

AT_ONCE = Backoff(min_s=0.0, cap_s=0.0, jitter=0.0)
POISON = Crash(ValueError("poison"))


def test_backoff_doubles_up_to_its_cap(world: World) -> None:
    """min·2ⁿ with a cap, on market time."""
    backoff = Backoff(min_s=1.0, cap_s=4.0, jitter=0.0, reset_after_s=1e6)
    world.start(SupervisorSpec("root", (world.child("a"),), intensity=10, backoff=backoff))
    with world.runtime.operation():
        for _ in range(4):
            world.tell("a", POISON)
    world.until_event(ActorRestarted, "root/a", times=4)
    failures = world.events_of(ActorFailed, "root/a")
    assert [event.will_restart_in_s for event in failures] == [1.0, 2.0, 4.0, 4.0]
    gaps = [
        (back.at - failed.at).total_seconds()
        for failed, back in zip(failures, world.events_of(ActorRestarted, "root/a"), strict=True)
    ]
    assert gaps == [1.0, 2.0, 4.0, 4.0]


def test_a_life_that_a_person_had_ended_did_not_fail(world: World) -> None:
    """It counts as a restart and is told as one; of a failure somebody would be woken."""
    system = world.start(SupervisorSpec("root", (world.child("a"),), intensity=3, backoff=AT_ONCE))
    with world.runtime.operation():
        system.restart("a")
    world.until_event(ActorRestarted, "root/a")
    assert world.epoch("a") == 2
    assert [cell.restarts for cell in system.status()] == [1]
    assert not world.events_of(ActorFailed)
    with world.runtime.operation():
        world.tell("a", POISON)
    world.until_event(ActorRestarted, "root/a", times=2)
    assert len(world.events_of(ActorFailed, "root/a")) == 1


def test_parked_feed_is_retried_and_leaves_its_siblings_alone(world: World) -> None:
    """Intensity is counted per child; only that child is parked, refuses mail, and is tried again later."""
    spec = SupervisorSpec(
        "feeds",
        (world.child("a"), world.child("b")),
        intensity=1,
        period_s=60.0,
        exhausted=Exhausted.PARK,
        park_retry_s=600.0,
        backoff=AT_ONCE,
    )
    system = world.start(SupervisorSpec("root", (spec,)))
    with world.runtime.operation():
        world.tell("a", POISON)
        world.until_event(ActorRestarted, "root/feeds/a")
        world.tell("b", POISON)
        world.tell("a", POISON)
        world.until_event(ActorParked, "root/feeds/a")
        if not world.simulated:
            with pytest.raises(ActorUnavailable):
                world.ask("a", Note(1))
        assert world.epoch("b") == 2
    (parked,) = world.events_of(ActorParked)
    assert parked.retry_at - parked.at == timedelta(seconds=600)
    world.until_event(ActorRestarted, "root/feeds/a", times=2)
    assert world.epoch("a") == 3
    assert not world.events_of(SupervisorExhausted)
    assert system.status()[0].restarts == 2


def test_parked_actor_refuses_mail() -> None:
    """While parked an ask is refused at once and a tell is dead."""
    world = World("green")
    spec = SupervisorSpec(
        "root", (world.child("a"),), intensity=0, exhausted=Exhausted.PARK, park_retry_s=1000.0
    )
    system = world.start(spec)
    world.tell("a", POISON)
    world.until_event(ActorParked)
    world.tell("a", Note(1))
    with pytest.raises(ActorUnavailable, match="parked"):
        world.ask("a", Note(2))
    assert [letter.why for letter in system.dead_letters.items()] == ["crashed: ValueError", "parked"]
    world.close()


def hang(world: World, limit_s: float, on_hang: OnHang = OnHang.REPLACE, intensity: int = 5) -> None:
    child = world.child("a", hang_limit_s=limit_s, on_hang=on_hang)
    world.start(SupervisorSpec("root", (child, world.child("b")), intensity=intensity, backoff=AT_ONCE))
    world.tell("a", Block())
    world.until_noted("blocked", "a")


def test_a_status_says_for_how_long_an_actor_may_be_busy(world: World) -> None:
    """Who watches from outside sees a hang that the hang watch itself has missed."""
    system = world.start(SupervisorSpec("root", (world.child("a", hang_limit_s=7.0),)))
    assert [(cell.path, cell.hang_limit_s) for cell in system.status()] == [("root/a", 7.0)]
    world.close()


def test_hung_actor_is_replaced(world: World) -> None:
    """Busy for longer than its limit: fenced, let go of what it holds, and replaced."""
    hang(world, 0.1)
    world.tell("a", Note("after"))
    world.until_noted("note", "a", "after")
    (failed,) = world.events_of(ActorFailed, "root/a")
    assert isinstance(failed.error, HandlerHung)
    assert len(world.events_of(ActorHung, "root/a")) == 1
    assert ("stop", "a") in world.notes
    assert (world.epoch("a"), world.epoch("b")) == (2, 1)


def test_hung_actor_may_escalate(world: World) -> None:
    """`on_hang: escalate` treats a hang as if the restarts were used up."""
    hang(world, 0.1, OnHang.ESCALATE)
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED
    assert len(world.events_of(RootExhausted)) == 1
    assert world.notes.count(("start", "a")) == 1


def test_asker_of_a_hung_actor_is_answered(world: World) -> None:
    """The ask in a hung actor's hands fails with the hang as its cause."""
    child = world.child("a", hang_limit_s=0.1)
    world.start(SupervisorSpec("root", (child,), backoff=AT_ONCE))
    with pytest.raises(AskFailed) as raised:
        world.ask("a", Block())
    assert isinstance(raised.value.__cause__, HandlerHung)


def test_start_deadline_is_a_failure(world: World) -> None:
    """An `on_start` that does not come back in time is fenced and counted."""

    def dawdle(probe: Probe) -> None:
        if probe.ctx.epoch == 1:
            world.block(probe)

    world.start_trouble["a"] = dawdle
    child = world.child("a", start_deadline_s=0.1)
    world.start(SupervisorSpec("root", (child, world.child("b")), backoff=AT_ONCE))
    world.until_event(ActorRestarted, "root/a")
    (failed,) = world.events_of(ActorFailed, "root/a")
    assert isinstance(failed.error, StartTimeout)
    assert (world.epoch("a"), world.epoch("b")) == (2, 1)


def test_raise_in_on_stop_is_reported_and_changes_nothing(world: World) -> None:
    """An exception in `on_stop` is contained: the end goes on as if it had not been."""

    def fail(_probe: Probe) -> None:
        raise RuntimeError("can't let go")

    world.stop_trouble["a"] = fail
    system = world.start(SupervisorSpec("root", (world.child("a"), world.child("b"))))
    system.stop()
    assert world.exit().kind is ExitKind.STOPPED
    (event,) = world.events_of(HookFailed)
    assert (event.path, event.hook) == ("root/a", "on_stop")


def test_raise_in_on_failure_is_reported_and_the_restart_goes_on(world: World) -> None:
    """An exception in `on_failure` does not hide the crash."""

    def fail(_self: Probe, _error: BaseException) -> None:
        raise RuntimeError("in the hook")

    kind = type("Failing", (Probe,), {"on_failure": fail})
    child = world.child("a")
    child = type(child)("a", lambda _peers: kind(world, "a"))
    world.start(SupervisorSpec("root", (child,), backoff=AT_ONCE))
    world.tell("a", POISON)
    world.until_event(ActorRestarted, "root/a")
    assert [event.hook for event in world.events_of(HookFailed)] == ["on_failure"]


def test_raising_listener_disturbs_nobody(world: World) -> None:
    """A listener that raises is contained; supervision goes on."""

    def listen(event: RuntimeEvent) -> None:
        if isinstance(event, ActorStarted):
            raise RuntimeError("deaf")  # noqa: TRY004

    world.on_event = listen
    world.start(SupervisorSpec("root", (world.child("a"),), backoff=AT_ONCE))
    assert world.epoch("a") == 1
    assert [event.hook for event in world.events_of(HookFailed)] == ["listener"]


def test_root_gives_up_only_after_queued_mail_was_handled(world: World) -> None:
    """An order to arm that the listener tells at the root's end still reaches its actor."""

    def listen(event: RuntimeEvent) -> None:
        if isinstance(event, RootExhausted):
            world.tell("switch", Note("arm"))

    world.on_event = listen
    world.start(SupervisorSpec("root", (world.child("switch"), world.child("a")), intensity=0))
    world.tell("a", POISON)
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED
    assert ("note", "switch", "arm") in world.notes


def test_failures_at_the_first_start_are_supervised(world: World) -> None:
    """`start` returns also when an `on_start` fails; the actor comes back by its backoff."""

    def fail_first(probe: Probe) -> None:
        if probe.ctx.epoch == 1:
            raise OSError("not there yet")

    world.start_trouble["a"] = fail_first
    world.start(SupervisorSpec("root", (world.child("a"), world.child("b"))))
    world.until_event(ActorRestarted, "root/a")
    assert world.epoch("b") == 1


def test_dump_names_the_busy_and_shows_their_stack(world: World) -> None:
    """The dump says who is busy with what and where."""
    hang(world, 1e6)
    assert world.system is not None
    text = world.system.dump()
    assert "root/a: up, epoch 1, restarts 0, mailbox 0/1000 (refused 0), busy with Block" in text
    assert "in block" in text
    assert "root/b: up" in text


def test_service_without_failure_resets_the_backoff(world: World) -> None:
    """After `reset_after_s` of service the next failure is again the first in a row."""
    backoff = Backoff(min_s=1.0, cap_s=64.0, jitter=0.0, reset_after_s=60.0)
    children = (world.child("a", hang_limit_s=1e6), world.child("b"))
    world.start(SupervisorSpec("root", children, intensity=10, backoff=backoff))
    for times, pause_s in enumerate((30.0, 61.0, 30.0), start=1):
        world.tell("a", POISON)
        world.until_event(ActorRestarted, "root/a", times=times)
        world.ask("a", Pause(pause_s), timeout_s=1e6 if world.simulated else 15.0)
    world.tell("a", POISON)
    world.until_event(ActorFailed, "root/a", times=4)
    delays_s = [event.will_restart_in_s for event in world.events_of(ActorFailed, "root/a")]
    assert delays_s == [1.0, 2.0, 1.0, 2.0]


def test_rest_for_one_stops_the_last_first(world: World) -> None:
    """Those behind the failed one are stopped in reverse and started in order."""
    children = tuple(world.child(name) for name in ("a", "b", "c"))
    world.start(SupervisorSpec("root", children, RestartStrategy.REST_FOR_ONE, backoff=AT_ONCE))
    world.notes.clear()
    world.tell("a", POISON)
    world.until_event(ActorRestarted, "root/c")
    assert world.noted("stop") == [("stop", "a"), ("stop", "c"), ("stop", "b")]
    assert world.noted("start") == [("start", "a"), ("start", "b"), ("start", "c")]


def test_stop_waits_for_a_sleeping_handler(world: World) -> None:
    """An orderly stop lets a parked handler finish within the shutdown timeout."""
    system = world.start(SupervisorSpec("root", (world.child("a"),)))
    world.tell("a", Pause(3.0))
    world.until_noted("pausing", "a")
    system.stop()
    assert world.notes[-2:] == [("paused", "a"), ("stop", "a")]
    assert system.dead_letters.count == 0
    if world.simulated:
        assert world.runtime.monotonic() < 4.0, "it was cut off instead of waited for"


def test_parked_actor_that_does_not_start_is_parked_again_at_once() -> None:
    """Each retry is one attempt: a failing start does not use up a whole intensity again."""
    world = World("green")

    def fail_again(probe: Probe) -> None:
        if probe.ctx.epoch > 1:
            raise OSError("still not there")

    world.start_trouble["a"] = fail_again
    spec = SupervisorSpec(
        "root",
        (world.child("a"),),
        intensity=3,
        exhausted=Exhausted.PARK,
        park_retry_s=600.0,
        backoff=AT_ONCE,
    )
    world.start(spec)
    world.tell("a", POISON)
    world.until_event(ActorParked, "root/a", times=3)
    first, second, third = (event.at for event in world.events_of(ActorParked, "root/a"))
    assert (second - first, third - second) == (timedelta(seconds=600), timedelta(seconds=600))
    assert world.notes.count(("start", "a")) == 1 + 3 + 2
    world.close()


def test_timers_of_an_ended_life_do_not_keep_the_world_going() -> None:
    """A far timer dies with its life: a simulation that has nothing else to do ends at once."""
    world = World("green")
    world.start(SupervisorSpec("root", (world.child("a"),), backoff=AT_ONCE))
    world.tell("a", Remind(1e6))
    world.tell("a", POISON)
    world.green.run()
    assert world.green.now() < START + timedelta(seconds=60)
    world.close()
