"""In virtual time, one handler that asks again and again is hung when its limit is over, in whichever ask."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.runtime import (
    Actor,
    ActorHung,
    ActorSystem,
    AnyAddress,
    AskTimeout,
    ChildSpec,
    GreenRuntime,
    PlainQuestion,
    RuntimeEvent,
    SupervisorSpec,
)
from tests.actors.runtime.world import START

TIMEOUT_S = 1.0


class Silent(Actor):
    """Keeps each reply, and gives none."""

    def on_receive(self, message: object) -> object:
        del message
        self.ctx.defer_reply()
        return None


class Persistent(Actor):
    """Asks until it is replaced."""

    def __init__(self, asked: AnyAddress) -> None:
        self.asked = asked

    def on_receive(self, message: object) -> object:
        while True:
            with pytest.raises(AskTimeout):
                self.ctx.ask(PlainQuestion(self.asked, message), timeout_s=TIMEOUT_S)


@pytest.mark.parametrize("limit_s", [0.4, 1.0, 2.5, 3.0])
def test_a_handler_of_many_asks_is_hung_when_its_limit_is_over(limit_s: float) -> None:
    """During an ask, and also where an ask ends at that very moment: then as the next one begins."""
    hung: list[ActorHung] = []

    def listen(event: RuntimeEvent) -> None:
        if isinstance(event, ActorHung):
            hung.append(event)

    silent = ChildSpec("silent", lambda _: Silent())
    persistent = ChildSpec("persistent", lambda peers: Persistent(peers["silent"]), hang_limit_s=limit_s)
    runtime = GreenRuntime(START, seed=1)
    system = ActorSystem(runtime, SupervisorSpec("root", (silent, persistent)), listener=listen)
    system.start()
    system.address("persistent").tell("go")
    runtime.run(START + timedelta(seconds=10))
    assert [event.at - START for event in hung] == [timedelta(seconds=limit_s)]
    system.stop()
