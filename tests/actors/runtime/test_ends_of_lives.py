"""What a life leaves behind: nothing that reaches its successor, grows, or keeps anybody waiting."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from functools import partial

import pytest
from greenlet import GreenletExit

from actors.runtime import (
    ActorFailed,
    ActorParked,
    ActorRestarted,
    ActorSystem,
    AskFailed,
    DeadLettered,
    Exhausted,
    ExitKind,
    HookFailed,
    PlainQuestion,
    RestartStrategy,
    RuntimeEvent,
    StartTimeout,
    SupervisorSpec,
    Terminated,
)
from actors.runtime.backend.timers import SHELLS_MIN, TimerHeap
from actors.runtime.supervision import supervisor
from actors.runtime.supervision.node import StopAll
from actors.runtime.supervision.supervisor import Supervisor
from tests.actors.runtime.test_context import AT_ONCE, Scripted, scripted, start
from tests.actors.runtime.world import PATIENCE_S, START, Block, Crash, Finish, Note, Probe, World

MARK: ContextVar[str] = ContextVar("MARK", default="unset")


def test_timer_message_that_waits_does_not_reach_the_next_life(world: World) -> None:
    """Or a life that begins by setting its timer would have two, and one more with every crash."""
    lives: list[int] = []

    def script(actor: Scripted, message: object) -> object:
        match message:
            case "set":
                actor.ctx.call_later(1.0, "due")
            case "crash":
                actor.ctx.sleep(2.0)
                raise ValueError("poison")
            case "due":
                lives.append(actor.ctx.epoch)
            case _:
                pass
        return actor.ctx.epoch

    start(world, scripted("a", script))
    world.tell("a", "set")
    world.tell("a", "crash")
    world.until_event(ActorRestarted, "root/a")
    assert world.ask("a", "who") == 2
    assert lives == []
    assert world.system is not None
    assert ("due", "its life ended") in [
        (letter.message, letter.why) for letter in world.system.dead_letters.items()
    ]


def test_timer_message_that_waits_at_a_parking_alarms_nobody(world: World) -> None:
    """Its timer ended with its life, whether or not there is a next one."""

    def script(actor: Scripted, message: object) -> object:
        match message:
            case "set":
                actor.ctx.call_later(1.0, "due")
            case "crash":
                actor.ctx.sleep(2.0)
                raise ValueError("poison")
            case _:
                pass
        return None

    children = (scripted("a", script),)
    world.start(SupervisorSpec("root", children, intensity=0, exhausted=Exhausted.PARK))
    world.tell("a", "set")
    world.tell("a", "crash")
    world.until_event(ActorParked, "root/a")
    assert world.system is not None
    letters = [(letter.message, letter.why) for letter in world.system.dead_letters.items()]
    assert letters == [("crash", "crashed: ValueError"), ("due", "its life ended")]
    world.until_event(DeadLettered)
    world.until_event(ActorRestarted, "root/a")
    assert len(world.events_of(DeadLettered)) == 1


def test_own_timer_comes_through_a_full_mailbox(world: World) -> None:
    """The bound holds off others; who waits for a deadline would never hear of it again."""
    came: list[object] = []

    def script(actor: Scripted, message: object) -> object:
        if message == "set":
            actor.ctx.call_later(1.0, "due")
            for number in range(5):
                actor.ctx.tell(actor.ctx.self_address, number)
            actor.ctx.sleep(2.0)
        else:
            came.append(message)
        return None

    start(world, scripted("a", script, mailbox_bound=2))
    world.tell("a", "set")
    world.until(lambda: len(came) == 3, "two of five, and the timer's")
    assert came == [0, 1, "due"]


def test_restarted_watchers_do_not_pile_up(world: World) -> None:
    """A watched cell that never ends forgets the lives that ended while they watched it."""

    def watcher(actor: Scripted, message: object) -> object:
        actor.ctx.watch(actor.peers["b"])
        if message == "crash":
            raise ValueError("poison")
        return None

    start(world, scripted("a", watcher), scripted("b", lambda _actor, message: message))
    for _ in range(20):
        world.tell("a", "crash")
    world.until_event(ActorRestarted, "root/a", times=20)
    world.ask("a", "watch")
    assert world.system is not None
    assert len(world.system.cells[1]._watchers) == 1


def test_watched_end_comes_through_a_full_mailbox_and_not_to_the_next_life(world: World) -> None:
    """A watch is the business of the life that set it: heard of by that one for certain, by no other."""
    heard: list[int] = []

    def watcher(actor: Scripted, message: object) -> object:
        match message:
            case "watch":
                actor.ctx.watch(actor.peers["b"])
            case "flood" | "crash":
                actor.ctx.tell(actor.ctx.self_address, "filler")
                actor.ctx.tell(actor.peers["b"], "crash")
                actor.ctx.sleep(1.0)
                if message == "crash":
                    raise ValueError("poison")
            case Terminated():
                heard.append(actor.ctx.epoch)
            case _:
                pass
        return actor.ctx.epoch

    def crash(_actor: Scripted, _message: object) -> object:
        raise ValueError("poison")

    start(world, scripted("a", watcher, mailbox_bound=1), scripted("b", crash))
    world.ask("a", "watch")
    world.tell("a", "flood")
    world.until(lambda: heard == [1], "the end of b")
    world.tell("a", "crash")
    world.until_event(ActorRestarted, "root/a")
    assert world.ask("a", "who") == 2
    assert heard == [1]


def test_start_deadline_holds_in_a_flood_of_other_news() -> None:
    """News that a supervisor has to hear of never end; its clock is looked at all the same."""
    world = World("threads")
    world.start_trouble["a"] = world.block
    flooding = threading.Event()
    flooding.set()
    system: list[ActorSystem] = []
    errors: list[BaseException] = []

    def listen(event: RuntimeEvent) -> None:
        if isinstance(event, HookFailed) and flooding.is_set():
            # Each news that is heard brings the next.
            system[0].post(event)
        elif isinstance(event, ActorFailed):
            errors.append(event.error)
            flooding.clear()

    tree = SupervisorSpec("root", (world.child("a", start_deadline_s=0.05),), intensity=0)
    system.append(ActorSystem(world.runtime, tree, listener=listen))
    world.system = system[0]
    starter = threading.Thread(target=system[0].start, daemon=True)
    starter.start()
    world.until_noted("start", "a")
    system[0].post(HookFailed("root/a", 0, "flood", ValueError("flood"), START))
    world.until(lambda: not flooding.is_set(), "the start deadline")
    assert isinstance(errors[0], StartTimeout)
    starter.join(PATIENCE_S)
    world.close()


def test_start_that_is_heard_of_late_was_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor was held up by other news while `on_start` came back in time."""
    world = World("threads")
    process_time_s = world.runtime.monotonic
    late_s = [0.0]
    monkeypatch.setattr(world.runtime, "monotonic", lambda: process_time_s() + late_s[0])
    held_up = threading.Event()

    def listen(event: RuntimeEvent) -> None:
        if isinstance(event, HookFailed):
            held_up.set()
            assert world.system is not None
            cell = world.system.cells[0]
            world.until(lambda: cell.incarnation is not None and cell.incarnation.served)
            late_s[0] = 100.0

    def post(_probe: Probe) -> None:
        assert world.system is not None
        world.system.post(HookFailed("root/a", 0, "other news", ValueError("news"), START))
        assert held_up.wait(PATIENCE_S)

    world.start_trouble["a"] = post
    world.on_event = listen
    world.start(SupervisorSpec("root", (world.child("a", hang_limit_s=1e6),), backoff=AT_ONCE))
    assert world.epoch("a") == 1
    assert not world.events_of(ActorFailed)
    world.close()


class WordlessError(Exception):
    """An error that fails to make its own text."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize("error", [WordlessError(), GreenletExit()])
def test_errors_of_strange_kinds_are_crashes_too(world: World, error: BaseException) -> None:
    """Neither an error without a text nor a backend's own exception keeps asker or supervisor in the dark."""
    world.start(SupervisorSpec("root", (world.child("a"), world.child("b")), backoff=AT_ONCE))
    with pytest.raises(AskFailed) as raised:
        world.ask("a", Crash(error))
    assert raised.value.__cause__ is error
    world.until_event(ActorRestarted, "root/a")
    assert (world.epoch("a"), world.epoch("b")) == (2, 1)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), WordlessError()])
def test_whatever_the_listener_raises_disturbs_nobody(world: World, error: BaseException) -> None:
    """It stands on the supervisor's own thread, which must outlive it."""
    heard: list[RuntimeEvent] = []

    def listen(event: RuntimeEvent) -> None:
        heard.append(event)
        if isinstance(event, ActorRestarted):
            raise error

    world.on_event = listen
    world.start(SupervisorSpec("root", (world.child("a"),), backoff=AT_ONCE))
    world.tell("a", Crash(ValueError("poison")))
    world.tell("a", Crash(ValueError("poison")))
    world.until(lambda: sum(isinstance(event, HookFailed) for event in heard) == 2)
    assert world.epoch("a") == 3


def test_supervisor_that_fails_also_at_stopping_its_children_is_heard_of(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of its own ends it, and whoever waits for that end hears of it."""
    system = world.start(SupervisorSpec("root", (world.child("a"),)))

    def fail(*_arguments: object, **_settings: object) -> None:
        raise RuntimeError("a fault of the supervisor's own")

    monkeypatch.setattr(system.root, "_fail", fail)
    monkeypatch.setattr(supervisor, "stop_children", fail)
    world.tell("a", Crash(ValueError("poison")))
    assert world.exit().kind is ExitKind.ROOT_EXHAUSTED


def test_context_variables_do_not_reach_the_next_life(world: World) -> None:
    """A pooled thread serves one life after the other; what one set the next does not see."""

    def script(actor: Scripted, message: object) -> object:
        before = MARK.get()
        MARK.set("left behind")
        if message == "leave":
            actor.ctx.stop_self()
        return before

    start(world, scripted("a", script))
    for life in range(1, 4):
        assert world.ask("a", "leave") == "unset"
        world.until_event(ActorRestarted, "root/a", times=life)


def test_handled_message_is_not_dead_when_the_end_hangs(world: World) -> None:
    """Who leaves by its own wish and hangs in `on_stop` is replaced; what it had handled was handled."""
    world.stop_trouble["a"] = world.block
    world.start(SupervisorSpec("root", (world.child("a", hang_limit_s=0.1),), backoff=AT_ONCE))
    world.tell("a", Finish())
    world.until_event(ActorRestarted, "root/a")
    assert world.system is not None
    assert world.system.dead_letters.count == 0
    assert world.notes.count(("stop", "a")) == 1, "its own worker ran it, the other must not"
    world.stop_trouble.clear()


def test_endless_limits_and_timeouts_are_limits_and_timeouts(world: World) -> None:
    """`inf` means never, on every backend."""
    endless = float("inf")

    def script(actor: Scripted, message: object) -> object:
        return actor.ctx.ask(PlainQuestion(actor.peers["b"], message), timeout_s=endless)

    children = (
        scripted("a", script, hang_limit_s=endless, start_deadline_s=endless, shutdown_timeout_s=endless),
        scripted("b", lambda _actor, message: message, hang_limit_s=1e12, shutdown_timeout_s=1e12),
    )
    start(world, *children)
    assert world.ask("a", "x", timeout_s=endless) == "x"


def test_start_that_comes_too_late_lets_go_of_what_it_took() -> None:
    """Nobody else knows of it: its successor would find the file still open."""
    world = World("threads")
    world.start_trouble["a"] = world.block
    child = world.child("a", start_deadline_s=0.05)
    world.start(SupervisorSpec("root", (child,), intensity=0))
    world.let_go.set()
    world.until_noted("stop", "a")
    world.close()


@pytest.mark.parametrize("busy", ["stopping those behind a failed one", "releasing a hung one"])
def test_stop_that_comes_while_a_supervisor_waits_reaches_all(busy: str) -> None:
    """The order's deadline holds also for what is being waited for, so that the others get their turn."""
    world = World("threads")
    waiting = threading.Event()

    def hang(_probe: Probe) -> None:
        waiting.set()
        assert world.let_go.wait(PATIENCE_S)

    failed = world.child("a", hang_limit_s=0.05 if "hung" in busy else 60.0)
    behind = [world.child(name) for name in ("b", "c", "d")]
    for name in "abcd":
        world.stop_trouble[name] = hang
    books = SupervisorSpec("books", (failed, *behind), RestartStrategy.REST_FOR_ONE, backoff=AT_ONCE)
    system = world.start(SupervisorSpec("root", (world.child("first"), books), backoff=AT_ONCE))
    world.tell("a", Block() if "hung" in busy else Note("x"))
    if "hung" not in busy:
        world.stop_trouble.pop("a")
        world.tell("a", Crash(ValueError("poison")))
    assert waiting.wait(PATIENCE_S)
    system.stop(timeout_s=0.1)
    assert ("stop", "first") in world.notes
    world.close()


def test_deadline_of_a_stop_outlasts_an_order_without_one() -> None:
    """A supervisor that was ordered to stop for another's sake, and waits, is then hurried by the system; so
    are those below it."""
    world = World("threads")
    waiting = threading.Event()

    def hang(_probe: Probe) -> None:
        waiting.set()
        assert world.let_go.wait(PATIENCE_S)

    for name in "abc":
        world.stop_trouble[name] = hang
    inner = SupervisorSpec("inner", (world.child("b"),), backoff=AT_ONCE)
    children = (world.child("a"), inner, world.child("c", hang_limit_s=0.05))
    books = SupervisorSpec("books", children, backoff=AT_ONCE)
    tree = SupervisorSpec(
        "root", (world.child("first"), books), RestartStrategy.REST_FOR_ONE, backoff=AT_ONCE
    )
    system = world.start(tree)
    world.tell("c", Block())
    assert waiting.wait(PATIENCE_S)
    world.tell("first", Crash(ValueError("poison")))
    below = system.root.children[1].unit
    assert isinstance(below, Supervisor)
    world.until(lambda: any(isinstance(message, StopAll) for message in below.stash), "the order")
    system.stop(timeout_s=0.1)
    assert {("stop", "a"), ("stop", "b")} <= set(world.notes)
    world.close()


def test_cancelled_timers_do_not_pile_up() -> None:
    """A far timer set and cancelled for each message leaves no shell for each, and the others keep order."""
    heap = TimerHeap()
    came: list[int] = []
    for number in range(1000):
        heap.add(10_000 + number, lambda: came.append(-1)).cancel()
        if number % 100 == 0:
            heap.add(number, partial(came.append, number))
    assert len(heap._heap) <= 2 * SHELLS_MIN
    while heap.next_due_us() is not None:
        heap.pop()()
    assert came == list(range(0, 1000, 100))
