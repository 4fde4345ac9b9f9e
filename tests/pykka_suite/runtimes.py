"""The fixture table that takes the place of pykka's: our thread, green and baton backends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from actors.runtime import BatonRuntime, GreenRuntime
from actors.runtime.backend.futures import OneShot, ThreadFuture
from tests.pykka_suite.plain_actors import ThreadActor, simulated_classes

START = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)


def event_class(runtime: GreenRuntime) -> type:
    """A class like threading.Event whose wait lets the simulated world go on."""

    class Event:
        def __init__(self) -> None:
            self._future: OneShot = runtime.new_future()

        def set(self) -> None:
            self._future.resolve(None)

        def clear(self) -> None:
            self._future = runtime.new_future()

        def is_set(self) -> bool:
            return self._future.done

        def wait(self, timeout: float | None = None) -> bool:
            return runtime.wait(self._future, timeout, None)

    return Event


def sleep_in(runtime: GreenRuntime) -> Callable[[float], None]:
    """A sleep in virtual time."""

    def sleep(seconds: float) -> None:
        runtime.wait(runtime.new_future(), seconds, None)

    return sleep


def table(runtime_class: Callable[..., Any]) -> dict[str, Any]:
    """The rows of pykka's `RUNTIMES`, made with pykka's own row class."""

    def simulated(name: str, runtime: GreenRuntime) -> Any:
        actor_class, future_class = simulated_classes(runtime)
        row = runtime_class(
            name=name,
            actor_class=actor_class,
            event_class=event_class(runtime),
            future_class=future_class,
            sleep_func=sleep_in(runtime),
        )
        return pytest.param(row, id=name)

    threads = runtime_class(
        name="threads",
        actor_class=ThreadActor,
        event_class=threading.Event,
        future_class=ThreadFuture,
        sleep_func=time.sleep,
    )
    return {
        "threads": pytest.param(threads, id="threads"),
        "green": simulated("green", GreenRuntime(START, seed=1)),
        "baton": simulated("baton", BatonRuntime(START, seed=1)),
    }
