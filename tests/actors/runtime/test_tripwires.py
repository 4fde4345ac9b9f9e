"""Tripwires: guarded code can't touch the real world, other code is only listed."""

from __future__ import annotations

import datetime as datetime_module
import random
import secrets
import select
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from time import monotonic

import pytest

from actors.runtime import AskFailed, SupervisorSpec, TripwireHit
from actors.runtime.testing import tripwires
from tests.actors.runtime.test_context import Scripted, scripted
from tests.actors.runtime.world import World


def imported_late() -> object:
    from datetime import datetime as late

    return late.now(UTC)


REACHES: dict[str, Callable[[], object]] = {
    "time.time": lambda: time.time(),
    "time.monotonic imported by name": lambda: monotonic(),
    "time.sleep": lambda: time.sleep(0),
    "datetime.now": lambda: datetime.now(UTC),
    "datetime.now by the module": lambda: datetime_module.datetime.now(UTC),
    "datetime.now imported late": imported_late,
    "date.today": lambda: date.today(),  # noqa: DTZ011
    "time.time_ns": lambda: time.time_ns(),
    "time.perf_counter_ns": lambda: time.perf_counter_ns(),
    "time.process_time": lambda: time.process_time(),
    "time.clock_gettime": lambda: time.clock_gettime(time.CLOCK_REALTIME),
    "time.gmtime": lambda: time.gmtime(),
    "time.localtime": lambda: time.localtime(),
    "time.ctime": lambda: time.ctime(),
    "socket.gethostname": lambda: socket.gethostname(),
    "select.select": lambda: select.select([], [], [], 0),
    "subprocess.run": lambda: subprocess.run(["true"], check=True),
    "random.random": lambda: random.random(),
    "uuid.uuid4": lambda: uuid.uuid4(),
    "secrets.token_hex": lambda: secrets.token_hex(),
}


@pytest.mark.parametrize("reach", REACHES)
def test_guarded_code_can_not_reach_out(reach: str) -> None:
    """Every way out raises, also when it was imported by name; afterwards it is open again."""
    with tripwires("tests"), pytest.raises(TripwireHit, match=r"use the context instead"):
        REACHES[reach]()
    REACHES[reach]()


@pytest.mark.parametrize("reach", REACHES)
def test_other_code_is_listed(reach: str) -> None:
    """Code that is not guarded goes on and leaves a trace."""
    with tripwires("nobody") as passed:
        REACHES[reach]()
    if " " not in reach and not reach.startswith("date"):
        assert passed.counts[(__name__, reach)] == 1


def test_seeded_randomness_and_given_times_stay_usable() -> None:
    """A generator of one's own, and making and checking times, are no reach into the world."""
    with tripwires("tests"):
        assert random.Random(1).random() == random.Random(1).random()
        assert isinstance(datetime(2026, 1, 1, tzinfo=UTC), datetime)
        assert isinstance(datetime(2026, 1, 1, tzinfo=UTC), date)
        assert isinstance(datetime_module.datetime(2026, 1, 1, tzinfo=UTC), datetime)
        assert isinstance(date(2026, 1, 1), date)
        assert not isinstance(date(2026, 1, 1), datetime)


def test_a_handler_that_reaches_out_crashes_in_simulation() -> None:
    """Inside a simulated system the hit is a crash of that actor, with the wire as its cause."""
    world = World("green")
    with tripwires("tests", "actors", "core"):
        world.start(SupervisorSpec("root", (scripted("a", lambda _actor, _message: time.time()),)))
        with pytest.raises(AskFailed) as raised:
            world.ask("a", "x")
        world.close()
    assert isinstance(raised.value.__cause__, TripwireHit)


def test_the_simulated_runtime_itself_reaches_for_nothing() -> None:
    """A whole run with restarts, asks, sleeps and timers touches none of the wires."""

    def busy(actor: Scripted, message: object) -> object:
        ctx = actor.ctx
        if message == "die":
            raise ValueError("gone")
        ctx.sleep(1.0)
        ctx.call_later(5.0, "timer")
        return (ctx.uuid(), ctx.rng().random(), ctx.now())

    world = World("green")
    with tripwires("actors", "core"):
        world.start(SupervisorSpec("root", (scripted("a", busy),)))
        world.ask("a", "x")
        world.tell("a", "die")
        assert world.ask("a", "x")
        world.close()
