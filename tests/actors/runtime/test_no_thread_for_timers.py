"""A timer whose thread could not be started is not lost: the next timer starts it."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from actors.runtime import JumpingClock, ThreadRuntime
from actors.runtime.clocks import jumping
from actors.runtime.threads import runtime as on_threads
from tests.actors.runtime.world import START


class NoThread(Thread):
    def start(self) -> None:
        raise RuntimeError("can't start new thread")


@pytest.mark.parametrize("jumps", [False, True])
def test_the_next_timer_starts_the_thread(jumps: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = ThreadRuntime(JumpingClock(START)) if jumps else ThreadRuntime()
    first, second = Event(), Event()
    with monkeypatch.context() as patch:
        for module in (jumping, on_threads):
            patch.setattr(module, "Thread", NoThread)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            runtime.add_timer(runtime.now_us(), first.set)
    runtime.add_timer(runtime.now_us(), second.set)
    assert first.wait(10.0)
    assert second.wait(10.0)
    runtime.shut_down()
