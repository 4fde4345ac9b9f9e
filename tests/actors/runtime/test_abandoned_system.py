"""A simulated system that is left where it stands, as `kill -9` leaves a process."""

from __future__ import annotations

import pytest

from actors.runtime import GreenRuntime, HookFailed, SupervisorSpec
from tests.actors.runtime.world import Block, Note, World


def test_who_is_abandoned_closes_what_it_holds_and_has_no_effect_any_more() -> None:
    """As a process that is killed: whether a handler is parked or the actor idle."""
    world = World("green")
    world.stop_trouble["b"] = lambda probe: probe.ctx.tell(world.address("a"), Note("too late"))
    world.start(SupervisorSpec("root", (world.child("a"), world.child("b"), world.child("c"))))
    world.tell("c", Block())
    world.until_noted("blocked", "c")
    assert world.system is not None
    world.system.abandon()
    assert world.noted("stop", "note") == [("stop", "a"), ("stop", "b"), ("stop", "c")]
    assert world.events_of(HookFailed) == []
    assert isinstance(world.runtime, GreenRuntime)
    with pytest.raises(RuntimeError, match="shut down"):
        world.runtime.run()
