"""What an actor can do, and that a fenced life can do none of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from typing import Unpack

import pytest

from actors.runtime import (
    Actor,
    ActorRestarted,
    AnyAddress,
    AskFailed,
    AskTimeout,
    Backoff,
    ChildSpec,
    Deadlock,
    Fenced,
    PlainQuestion,
    ReplyTo,
    Restart,
    SupervisorSpec,
    Terminated,
)
from tests.actors.runtime.world import START, ChildSettings, Crash, Finish, Note, World

AT_ONCE = Backoff(min_s=0.0, cap_s=0.0, jitter=0.0)
Script = Callable[["Scripted", object], object]
VARIABLE: ContextVar[str] = ContextVar("VARIABLE", default="unset")


class Scripted(Actor):
    """An actor whose handler is a function of the test."""

    def __init__(self, script: Script, peers: dict[str, AnyAddress]) -> None:
        self.script = script
        self.peers = peers
        self.kept: ReplyTo | None = None

    def on_receive(self, message: object) -> object:
        return self.script(self, message)


def scripted(name: str, script: Script, **settings: Unpack[ChildSettings]) -> ChildSpec:
    return ChildSpec(name, lambda peers: Scripted(script, dict(peers)), **settings)


def start(world: World, *children: ChildSpec) -> None:
    world.start(SupervisorSpec("root", children, intensity=50, backoff=AT_ONCE))


def test_tell_carries_correlation_and_cause(world: World) -> None:
    """What is told in a handler inherits the correlation and names its cause."""

    def pass_on(actor: Scripted, message: object) -> None:
        if message == "go":
            actor.ctx.tell(actor.peers["a"], Note("inherited"))
            actor.ctx.tell(actor.peers["a"], Note("own"), correlation="other")

    start(world, world.child("a"), scripted("b", pass_on))
    world.address("b").tell("go", correlation="c1")
    world.until_noted("note", "a", "own")
    assert world.system is not None
    traced = world.system.tracer.items()
    (go,) = [envelope for envelope in traced if envelope.message == "go"]
    told = [envelope for envelope in traced if envelope.sender == world.address("b")]
    assert [(envelope.correlation, envelope.causation) for envelope in told] == [
        ("c1", go.id),
        ("other", go.id),
    ]


def test_ask_between_actors(world: World) -> None:
    """The callee's return value is the answer; its crash is the asker's AskFailed."""

    def ask(actor: Scripted, message: object) -> object:
        try:
            return actor.ctx.ask(PlainQuestion(actor.peers["a"], message), timeout_s=5.0)
        except AskFailed as failed:
            return type(failed.__cause__)

    start(world, world.child("a"), scripted("b", ask))
    assert world.ask("b", Note(5)) == 5
    assert world.ask("b", Crash(KeyError("x"))) is KeyError


def test_deferred_reply_is_answered_by_a_later_handler(world: World) -> None:
    """A reply may be taken out of its handler; the asker waits for it and nothing else."""

    def defer(actor: Scripted, message: object) -> object:
        if message == "later":
            assert actor.kept is not None
            actor.kept.set("answer")
            return None
        actor.kept = actor.ctx.defer_reply()
        actor.ctx.call_later(3.0, "later")
        return "not this"

    start(world, scripted("a", defer))
    assert world.ask("a", "question") == "answer"


def test_unanswered_deferred_reply_fails_at_the_end(world: World) -> None:
    """The end of a life leaves no asker waiting."""

    def defer(actor: Scripted, message: object) -> object:
        if message == "die":
            raise ValueError("gone")
        actor.ctx.defer_reply()
        actor.ctx.call_later(3.0, "die")
        return None

    start(world, scripted("a", defer))
    with pytest.raises(AskFailed) as raised:
        world.ask("a", "question")
    assert isinstance(raised.value.__cause__, ValueError)


def test_timers_fire_in_order_and_cancelled_ones_never(world: World) -> None:
    """Timers are told at their market time; a cancelled one is not."""
    fired: list[tuple[object, float]] = []

    def timers(actor: Scripted, message: object) -> None:
        if message == "go":
            actor.ctx.call_later(20.0, "late")
            actor.ctx.call_at(actor.ctx.now() + timedelta(seconds=10), "early")
            actor.ctx.call_later(15.0, "never").cancel()
            return
        fired.append((message, (actor.ctx.now() - START).total_seconds()))
        world.note("fired", message)

    start(world, scripted("a", timers))
    world.tell("a", "go")
    world.until_noted("fired", "late")
    assert fired == [("early", 10.0), ("late", 20.0)]


def test_timers_die_with_their_life(world: World) -> None:
    """A successor does not get its predecessor's timers."""

    def timers(actor: Scripted, message: object) -> None:
        world.note("got", message, actor.ctx.epoch)
        if message == "set":
            actor.ctx.call_later(10.0, "old timer")
        if message == "die":
            raise ValueError("gone")
        if message == "again":
            actor.ctx.call_later(20.0, "new timer")

    start(world, scripted("a", timers))
    with world.runtime.operation():
        for message in ("set", "die", "again"):
            world.tell("a", message)
    world.until_noted("got", "new timer", 2)
    assert all(note[1] != "old timer" for note in world.notes)


def test_sleep_takes_market_time(world: World) -> None:
    """A sleeping handler holds its own mail back and nobody else's."""

    def sleep(actor: Scripted, message: object) -> object:
        before = actor.ctx.now()
        actor.ctx.sleep(7.5)
        return (actor.ctx.now() - before).total_seconds()

    start(world, scripted("a", sleep))
    assert world.ask("a", "go") == 7.5


def test_death_watch_tells_each_end(world: World) -> None:
    """Terminated comes at a crash with `restarting`, at a last end without, and at once if all is over."""
    heard: list[Terminated] = []

    def watch(actor: Scripted, message: object) -> None:
        if isinstance(message, Terminated):
            heard.append(message)
            world.note("terminated", message.reason)
        else:
            actor.ctx.watch(actor.peers["a"])
            world.note("watching")

    start(world, world.child("a", restart=Restart.TRANSIENT), scripted("b", watch))
    world.tell("b", "watch")
    world.until_noted("watching")
    world.tell("a", Crash(ValueError("x")))
    world.until_noted("terminated", "crash")
    world.tell("a", Finish())
    world.until_noted("terminated", "normal")
    world.tell("b", "watch")
    world.until_noted("terminated", "stopped")
    assert [(message.path, message.reason, message.restarting) for message in heard] == [
        ("root/a", "crash", True),
        ("root/a", "normal", False),
        ("root/a", "stopped", False),
    ]


def test_woken_zombie_has_no_effect(world: World) -> None:
    """After a hang the old life can neither tell, ask, watch, set timers, sleep, answer nor pass a check."""
    zombie_done = threading.Event()
    outcome: dict[str, bool] = {}

    def zombie(actor: Scripted, message: object) -> object:
        if message != "hang":
            return "served"
        ctx = actor.ctx
        reply = ctx.defer_reply()
        world.note("blocked")
        try:
            if world.simulated:
                ctx.sleep(1e6)
            else:
                world.let_go.wait(20.0)
        except Fenced:
            outcome["sleep woke fenced"] = True
        peer = actor.peers["b"]
        effects: dict[str, Callable[[], object]] = {
            "tell": lambda: ctx.tell(peer, Note("from the dead")),
            "ask": lambda: ctx.ask(PlainQuestion(peer, Note("from the dead")), timeout_s=1.0),
            "reply": lambda: reply.set("from the dead"),
            "fail": lambda: reply.fail(ValueError("from the dead")),
            "watch": lambda: ctx.watch(peer),
            "timer": lambda: ctx.call_later(1.0, "from the dead"),
            "sleep": lambda: ctx.sleep(1.0),
            "check": ctx.check_live,
            "stop": ctx.stop_self,
            "defer": ctx.defer_reply,
        }
        for name, effect in effects.items():
            try:
                effect()
                outcome[name] = False
            except Fenced:
                outcome[name] = True
        zombie_done.set()
        return "from the dead"

    start(world, scripted("a", zombie, hang_limit_s=0.1), world.child("b"))
    with pytest.raises(AskFailed):
        world.ask("a", "hang")
    world.until_event(ActorRestarted, "root/a")
    world.let_go.set()
    world.until(zombie_done.is_set)
    assert world.ask("a", "hello") == "served"
    world.ask("b", Note("end"))
    outcome.pop("sleep woke fenced", None)
    assert outcome == dict.fromkeys(outcome, True)
    assert len(outcome) == 10
    assert world.noted("note") == [("note", "b", "end")]


def test_ask_timeout_inside_a_handler(world: World) -> None:
    """An ask that is not answered in market time raises in the handler, which may go on."""

    def ask(actor: Scripted, message: object) -> object:
        if message == "slow":
            actor.ctx.sleep(100.0)
            return "too late"
        try:
            return actor.ctx.ask(PlainQuestion(actor.peers["a"], "slow"), timeout_s=5.0)
        except AskTimeout:
            return (actor.ctx.now() - START).total_seconds()

    start(world, scripted("a", ask, hang_limit_s=1e6), scripted("b", ask))
    assert world.ask("b", "go") == 5.0


def test_random_numbers_go_on_after_a_restart(world: World) -> None:
    """A life's draws continue where its predecessor stopped, from the actor's own seed."""

    def draw(actor: Scripted, message: object) -> object:
        if message == "die":
            raise ValueError("gone")
        return actor.ctx.rng().random()

    start(world, scripted("a", draw), scripted("b", draw))
    first = world.ask("a", "draw")
    world.tell("a", "die")
    second = world.ask("a", "draw")
    other = World("green", seed=7)
    start(other, scripted("a", draw), scripted("b", draw))
    assert [other.ask("a", "draw"), other.ask("a", "draw")] == [first, second]
    assert other.ask("b", "draw") != first
    other.close()


def test_context_variables_do_not_leak(world: World) -> None:
    """What one actor sets in a context variable no other sees; it sees it itself, also across a sleep."""

    def variable(actor: Scripted, message: object) -> object:
        before = VARIABLE.get()
        VARIABLE.set(actor.ctx.name)
        actor.ctx.sleep(1.0)
        return (before, VARIABLE.get())

    start(world, scripted("a", variable), scripted("b", variable))
    assert world.ask("a", "x") == ("unset", "a")
    assert world.ask("b", "x") == ("unset", "b")
    assert world.ask("a", "x") == ("a", "a")
    assert VARIABLE.get() == "unset"


def test_circle_of_asks_is_reported_with_its_graph() -> None:
    """In simulation asks that wait for each other raise Deadlock at once."""
    world = World("green")

    def ask(actor: Scripted, message: object) -> object:
        other = "b" if actor.ctx.name == "a" else "a"
        return actor.ctx.ask(PlainQuestion(actor.peers[other], message), timeout_s=5.0)

    start(world, scripted("a", ask), scripted("b", ask))
    with pytest.raises(AskFailed) as raised:
        world.ask("a", "x")
    inner = raised.value.__cause__
    assert inner is not None
    assert isinstance(inner.__cause__, Deadlock)
    assert "root/b -> root/a -> root/b" in str(inner.__cause__)
    world.close()
