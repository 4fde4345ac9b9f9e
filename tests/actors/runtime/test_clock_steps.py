"""A system clock that is set: noticed within half a second, and no timer freezes or fires early."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime import ActorSystem, ClockStepped, RuntimeEvent, SupervisorSpec, ThreadRuntime
from actors.runtime.clocks.steps import SLEW_MAX, STEP_MIN_S, StepWatch

HOUR_US = 3_600_000_000
ENOUGH_S = 20.0


class SettableClock:
    """The system's clock, set by `ahead_us`."""

    def __init__(self) -> None:
        self.ahead_us = 0

    def now_us(self) -> int:
        return time.time_ns() // 1000 + self.ahead_us


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def runtime(clock: SettableClock) -> Iterator[ThreadRuntime]:
    runtime = ThreadRuntime(clock)
    yield runtime
    runtime.shut_down()


def test_a_clock_set_back_freezes_no_timer(clock: SettableClock, runtime: ThreadRuntime) -> None:
    fired = Event()
    runtime.add_timer(runtime.now_us() + 50_000, fired.set)
    clock.ahead_us = -HOUR_US
    assert fired.wait(ENOUGH_S)


def test_a_clock_set_ahead_fires_no_timer_early(clock: SettableClock, runtime: ThreadRuntime) -> None:
    early, fired = Event(), Event()
    runtime.add_timer(runtime.now_us() + HOUR_US // 2, early.set)
    runtime.add_timer(runtime.now_us() + 50_000, fired.set)
    clock.ahead_us = HOUR_US
    assert fired.wait(ENOUGH_S)
    assert not early.is_set()


def test_a_timer_set_after_the_step_counts_from_then(clock: SettableClock, runtime: ThreadRuntime) -> None:
    clock.ahead_us = -HOUR_US
    fired = Event()
    runtime.add_timer(runtime.now_us() + 50_000, fired.set)
    assert fired.wait(ENOUGH_S)


@pytest.mark.parametrize("ahead_us", [-600_000_000, 8 * HOUR_US])
def test_the_system_tells_how_far_its_clock_was_set(
    clock: SettableClock, runtime: ThreadRuntime, ahead_us: int
) -> None:
    told: list[ClockStepped] = []
    came = Event()

    def listen(event: RuntimeEvent) -> None:
        if isinstance(event, ClockStepped):
            told.append(event)
            came.set()

    system = ActorSystem(runtime, SupervisorSpec("root", ()), listener=listen)
    system.start()
    try:
        clock.ahead_us = ahead_us
        assert came.wait(ENOUGH_S)
    finally:
        system.stop()
    (stepped,) = told
    assert stepped.step_s == pytest.approx(ahead_us / 1e6, abs=1.0)


def steps_of(offsets_s: list[float]) -> list[float]:
    """What is told if the wall clock's offset is this at looks half a second apart."""
    watch = StepWatch(0, 0)
    steps = []
    for number, offset_s in enumerate(offsets_s, start=1):
        step_s = watch.step_s(round((number * 0.5 + offset_s) * 1e6), number * 500_000)
        if step_s is not None:
            steps.append(step_s)
    return steps


@given(st.integers(1, 2000), st.floats(-SLEW_MAX, SLEW_MAX))
def test_a_slewing_time_daemon_is_no_step_however_long_it_slews(looks: int, slew: float) -> None:
    assert steps_of([slew * 0.5 * number for number in range(1, looks + 1)]) == []


@given(st.floats(2.01, 1e6), st.booleans())
def test_a_step_is_told_once_with_its_size(size_s: float, back: bool) -> None:
    step_s = -size_s if back else size_s
    (told,) = steps_of([0.0, 0.0, step_s, step_s, step_s])
    assert told == pytest.approx(step_s, abs=1e-3)


def test_many_small_steps_are_one_large_one() -> None:
    offsets_s = [0.5 * number for number in range(1, 11)]
    assert sum(steps_of(offsets_s)) == pytest.approx(5.0, abs=STEP_MIN_S)
    assert len(steps_of(offsets_s)) == 2
