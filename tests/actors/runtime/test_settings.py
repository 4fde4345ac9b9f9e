"""Numbers that mean nothing are refused where they are written, by name, and on every backend alike."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import pytest

from actors.runtime import Actor, Backoff, ChildSpec, JumpingClock, PlainQuestion, SupervisorSpec, ask
from actors.runtime.testing import FakeAddress, FakeContext
from tests.actors.runtime.test_context import Scripted, scripted, start
from tests.actors.runtime.world import START, World

INF, NAN = math.inf, math.nan


child = partial(ChildSpec, "a", lambda _peers: Actor())
supervisor = partial(SupervisorSpec, "root", ())


@pytest.mark.parametrize(
    ("make", "name", "refused"),
    [
        (Backoff, "min_s", (NAN, INF, -1.0)),
        (Backoff, "cap_s", (NAN, INF, -1.0)),
        (Backoff, "reset_after_s", (NAN, -1.0)),
        (Backoff, "jitter", (NAN, INF, -0.1)),
        (child, "shutdown_timeout_s", (NAN, 0.0, -1.0)),
        (child, "start_deadline_s", (NAN, 0.0, -1.0)),
        (child, "hang_limit_s", (NAN, 0.0, -1.0)),
        (child, "mailbox_bound", (NAN, 0, -1)),
        (supervisor, "intensity", (NAN, -1)),
        (supervisor, "period_s", (NAN, INF, 0.0)),
        (supervisor, "park_retry_s", (NAN, INF, 0.0)),
    ],
)
def test_setting_out_of_range_is_refused_by_its_name(
    make: Callable[..., object], name: str, refused: tuple[float, ...]
) -> None:
    """NaN passes every comparison that asks for what is wrong: a bound of NaN bounds nothing."""
    for value in refused:
        with pytest.raises(ValueError, match=rf"\.{name}\b.*expected .*, found {value}"):
            make(**{name: value})


@pytest.mark.parametrize("speed", [NAN, INF, 0.0, -1.0])
def test_speed_that_paces_nothing_is_refused(speed: float) -> None:
    """It would end the thread that moves market time."""
    with pytest.raises(ValueError, match=r"JumpingClock\.speed"):
        JumpingClock(START, speed)


@pytest.mark.parametrize("timeout_s", [NAN, -1.0, -INF])
def test_impossible_ask_timeout_is_refused_before_anything_is_sent(world: World, timeout_s: float) -> None:
    """From outside and from a handler, and the one who was to be asked hears nothing."""

    def ask(actor: Scripted, _message: object) -> object:
        with pytest.raises(ValueError, match="timeout_s"):
            actor.ctx.ask(PlainQuestion(actor.peers["b"], "from inside"), timeout_s=timeout_s)
        return "refused"

    asked: list[object] = []
    start(world, scripted("a", ask), scripted("b", lambda _actor, message: asked.append(message)))
    with pytest.raises(ValueError, match="timeout_s"):
        world.ask("b", "from outside", timeout_s=timeout_s)
    assert world.ask("a", "go") == "refused"
    world.ask("b", "sent")
    assert asked == ["sent"]


def test_fakes_refuse_an_impossible_ask_timeout_too() -> None:
    """What a fake lets pass would crash the actor in earnest."""
    address = FakeAddress("b")
    address.answers[str] = "answer"
    with pytest.raises(ValueError, match="timeout_s"):
        ask(PlainQuestion(address, "x"), timeout_s=NAN)
    context = FakeContext("a")
    context.asks[str] = "answer"
    with pytest.raises(ValueError, match="timeout_s"):
        context.ask(PlainQuestion(address, "x"), timeout_s=NAN)
