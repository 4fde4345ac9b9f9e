"""A simulated runtime that is halted where it is, and whose wall clock is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from actors.runtime import Actor, ActorSystem, ChildSpec, ClockStepped, GreenRuntime, SupervisorSpec

START = datetime(2026, 1, 5, tzinfo=UTC)


class PowerCutError(BaseException):
    """Ends the run."""


class Worker(Actor):
    """Notes when it is called, and halts the run when told to."""

    def __init__(self, runtime: GreenRuntime, seen: list[str], *, careless: bool = False) -> None:
        self._runtime = runtime
        self._seen = seen
        self._careless = careless

    def on_receive(self, message: object) -> None:
        self._seen.append(f"{message} at {self.ctx.now():%H:%M:%S} after {self.ctx.monotonic():.0f} s")
        if message == "timers":
            self.ctx.call_later(60.0, "tick")
        if message == "halt":
            try:
                self._runtime.halt(PowerCutError())
            finally:
                if self._careless:
                    raise RuntimeError("while it is unwound")
            self._seen.append("went on")


def running(seen: list[str], *, careless: bool = False) -> tuple[ActorSystem, GreenRuntime, list[object]]:
    runtime = GreenRuntime(START, 1)
    events: list[object] = []
    root = SupervisorSpec("root", (ChildSpec("worker", lambda _: Worker(runtime, seen, careless=careless)),))
    system = ActorSystem(runtime, root, listener=events.append)
    system.start()
    return system, runtime, events


@pytest.mark.parametrize("careless", [False, True])
def test_a_halted_run_ends_at_once_and_can_be_abandoned(careless: bool) -> None:
    """Also if what is unwound raises something else: it hung in a loop that had nothing to run."""
    seen: list[str] = []
    system, runtime, _ = running(seen, careless=careless)
    system.address("worker").tell("halt")
    system.address("worker").tell("after it")
    with pytest.raises(PowerCutError):
        runtime.run(START + timedelta(hours=1))
    system.abandon()
    assert seen == ["halt at 00:00:00 after 0 s"]


@pytest.mark.parametrize("step_s", [600.0, -600.0])
def test_timers_keep_their_delays_when_the_clock_is_set(step_s: float) -> None:
    seen: list[str] = []
    system, runtime, events = running(seen)
    system.address("worker").tell("timers")
    runtime.run(START + timedelta(seconds=30))
    runtime.step_clock(step_s)
    runtime.run(runtime.now() + timedelta(seconds=40))
    expected = START + timedelta(seconds=60 + step_s)
    assert seen[1] == f"tick at {expected:%H:%M:%S} after 60 s"
    assert ClockStepped(step_s, START + timedelta(seconds=30 + step_s)) in events
    system.stop()


def test_the_next_thing_that_is_due_is_known() -> None:
    seen: list[str] = []
    system, runtime, _ = running(seen)
    system.address("worker").tell("timers")
    assert runtime.next_due() == START
    runtime.run(START)
    assert runtime.next_due() == START + timedelta(seconds=60)
    system.stop()
