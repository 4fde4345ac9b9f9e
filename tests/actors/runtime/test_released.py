"""What an actor's parts hold is released once at the end of its life, however it ends."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from functools import partial
from typing import Any

import pytest

from actors.runtime import (
    Actor,
    ActorFailed,
    ActorRestarted,
    ActorSystem,
    AskFailed,
    ChildSpec,
    Conversations,
    EffectWhileClosing,
    Fenced,
    HookFailed,
    Key,
    Name,
    PlainQuestion,
    StartTimeout,
    SupervisorSpec,
    ask,
)
from actors.runtime.cells.incarnation import Incarnation
from tests.actors.runtime.test_context import AT_ONCE, scripted, start
from tests.actors.runtime.world import PATIENCE_S, World

NEVER = Key[None]("never")


class Talker(Actor):
    """Starts a conversation in `on_start`, then does what the test says."""

    def __init__(self, lives: list[Talker], then: Callable[[Talker], object]) -> None:
        lives.append(self)
        self.then = then
        self.cleanup: Callable[[], object] = lambda: None
        self.done: list[str] = []

    def on_start(self) -> None:
        self.conversations = Conversations(self.ctx)
        self.conversation = self._talk()
        self.conversations.start(Name("talk"), self.conversation)
        self.then(self)

    def on_receive(self, message: object) -> object:
        if message == "crash":
            raise ValueError("poison")
        return self.ctx.epoch

    def on_stop(self) -> None:
        self.done.append("stopped")

    async def _talk(self) -> None:
        try:
            await self.conversations.event(NEVER)
        finally:
            self.done.append("closed")
            self.cleanup()

    def is_closed(self) -> bool:
        return inspect.getcoroutinestate(self.conversation) == inspect.CORO_CLOSED


def talker(lives: list[Talker], then: Callable[[Talker], object] = lambda _talker: None) -> ChildSpec:
    return ChildSpec("a", lambda _peers: Talker(lives, then), start_deadline_s=5.0)


def test_a_start_that_raises_closes_the_conversations_that_it_has_started(world: World) -> None:
    lives: list[Talker] = []

    def fail_once(_talker: Talker) -> None:
        if len(lives) == 1:
            raise ValueError("late in on_start")

    start(world, talker(lives, fail_once))
    assert world.ask("a", "who") == 2
    assert lives[0].done == ["closed"], "closed, but not stopped: it has never served"
    assert lives[0].is_closed()
    assert not lives[1].is_closed()


@pytest.mark.parametrize("end", ["stop", "crash"])
def test_a_cleanup_that_raises_is_reported_and_keeps_nothing_from_being_released(
    world: World, end: str
) -> None:
    lives: list[Talker] = []
    start(world, talker(lives))
    nothing: dict[str, object] = {}
    lives[0].cleanup = lambda: nothing["cleanup"]
    end_first_life(world, end)
    assert lives[0].done == ["closed", "stopped"]
    [failed] = world.events_of(HookFailed)
    assert failed.hook == "at_end"
    assert isinstance(failed.error, KeyError)


@pytest.mark.parametrize("end", ["stop", "crash"])
def test_what_a_conversation_tells_while_it_is_closed_does_not_leave(world: World, end: str) -> None:
    """The life is not fenced yet: it ends by an order, or by its own crash."""
    lives: list[Talker] = []
    start(world, talker(lives))
    lives[0].cleanup = lambda: lives[0].ctx.tell(lives[0].ctx.self_address, "from the closing")
    end_first_life(world, end)
    assert world.system is not None
    assert "from the closing" not in [envelope.message for envelope in world.system.tracer.items()]
    assert [type(failed.error) for failed in world.events_of(HookFailed)] == [EffectWhileClosing]
    assert lives[0].done == ["closed", "stopped"]


def end_first_life(world: World, end: str) -> None:
    if end == "crash":
        world.tell("a", "crash")
        world.until_event(ActorRestarted, "root/a")
    else:
        assert world.system is not None
        world.system.stop()


def test_a_start_that_hangs_is_released_by_another_worker() -> None:
    """It waits where no runtime can see it; what it had started is closed at its deadline all the same."""
    world = World("threads")
    lives: list[Talker] = []
    late: list[BaseException] = []

    def hang_once(life: Talker) -> None:
        if len(lives) == 1:
            assert world.let_go.wait(PATIENCE_S)
            try:
                life.ctx.at_end(lambda: None)
            except Fenced as error:
                late.append(error)

    spec = ChildSpec("a", lambda _peers: Talker(lives, hang_once), start_deadline_s=0.05)
    world.start(SupervisorSpec("root", (spec,), intensity=50, backoff=AT_ONCE))
    assert world.ask("a", "who") == 2
    [failed] = world.events_of(ActorFailed)
    assert isinstance(failed.error, StartTimeout)
    world.until(lives[0].is_closed, "the conversation of the hung start")
    world.let_go.set()
    world.until(lambda: len(late) == 1, "the hung start comes back")
    world.until(lambda: lives[0].done == ["closed", "stopped"], "it served for a moment")
    world.close()


def test_a_life_that_is_fenced_while_it_keeps_something_releases_it() -> None:
    """The fencing worker has looked at what is to be released just before this was added."""
    life = one_life()
    released: list[str] = []

    class FencedMeanwhile(list[Callable[[], None]]):
        def append(self, release: Callable[[], None]) -> None:
            life.retire(AskFailed("fenced"))
            life.release()
            super().append(release)

    life.kept = FencedMeanwhile()
    life.at_end(lambda: released.append("released"))
    assert released == ["released"]


def test_what_is_kept_is_released_once_the_last_first() -> None:
    life = one_life()
    released: list[int] = []
    for number in (1, 2):
        life.at_end(partial(released.append, number))
    life.release()
    life.release()
    assert released == [2, 1]


def test_a_life_that_is_fenced_while_it_closes_a_conversation_gets_no_effects_back() -> None:
    life = one_life()
    with life.without_effects():
        life.retire(AskFailed("fenced"))
    with pytest.raises(Fenced):
        life.tell(life.self_address, "anything")


def test_a_life_has_no_more_attributes_than_python_stores_compactly() -> None:
    """From 30 on each gets a dictionary of its own, which the ring of actors shows as 5 % of its speed."""
    life = one_life()
    life.cell.mailbox.attach(life)
    assert life.setup()
    assert len(vars(life)) < 30


def one_life() -> Incarnation:
    world = World("threads")
    system = ActorSystem(world.runtime, SupervisorSpec("root", (talker([]),)))
    return Incarnation(system.cells[0], 1)


async def unrun_coroutine() -> None:
    """Would never run."""


def unrun_generator() -> Generator[int, None, None]:
    yield 1


async def unrun_async_generator() -> AsyncGenerator[int, None]:
    yield 1


@pytest.mark.parametrize("make", [unrun_coroutine, unrun_generator, unrun_async_generator])
def test_a_handler_that_returns_what_never_ran_crashes(world: World, make: Callable[[], object]) -> None:
    """Told, it would be dropped in silence; asked, it would be the answer."""
    start(world, scripted("a", lambda _actor, message: make() if message == "go" else message))
    with pytest.raises(AskFailed, match="never runs"):
        ask(PlainQuestion(world.address("a"), "go"), timeout_s=15.0)
    world.tell("a", "go")
    world.until_event(ActorFailed, "root/a", times=2)
    assert {type(failed.error) for failed in world.events_of(ActorFailed)} == {TypeError}
    assert world.ask("a", "served again") == "served again"


@pytest.mark.parametrize("hook", ["on_start", "on_receive", "on_failure", "on_stop"])
@pytest.mark.parametrize("make", [unrun_coroutine, unrun_generator, unrun_async_generator])
def test_a_hook_that_nothing_would_run_is_refused_where_it_is_defined(
    hook: str, make: Callable[..., Coroutine[Any, Any, None] | Generator[int, None, None]]
) -> None:
    with pytest.raises(TypeError, match=rf"Odd\.{hook}: expected a plain function"):
        type("Odd", (Actor,), {hook: make})
