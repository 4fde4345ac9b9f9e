"""Mailboxes and addresses: what is kept, what is refused, and that nothing vanishes."""

from __future__ import annotations

import pytest

from actors.runtime import (
    ActorRestarted,
    ActorUnavailable,
    AskFailed,
    AskTimeout,
    Backoff,
    ChildSpec,
    DeadLettered,
    MailboxFull,
    MailboxOverflow,
    Restart,
    RestartStrategy,
    SupervisorSpec,
)
from tests.actors.runtime.world import Block, Crash, Finish, Note, World

SLOWLY = Backoff(min_s=5.0, cap_s=5.0, jitter=0.0)
POISON = Crash(ValueError("poison"))


def tree(*children: ChildSpec, intensity: int = 20, backoff: Backoff = SLOWLY) -> SupervisorSpec:
    return SupervisorSpec("root", children, intensity=intensity, period_s=3600.0, backoff=backoff)


def test_replay_that_crashes_again_loses_and_reorders_nothing(world: World) -> None:
    """Akka's bug 31814: mail that came in during a backoff was lost when its replay crashed again."""
    world.start(tree(world.child("a")))
    with world.runtime.operation():
        for message in (POISON, Note(1), POISON, Note(2), Note(3), POISON, Note(4)):
            world.tell("a", message)
    world.until_noted("note", "a", 4)
    assert world.noted("note") == [("note", "a", number) for number in (1, 2, 3, 4)]
    world.until_event(ActorRestarted, "root/a", times=3)


def test_only_the_poisoned_message_is_dead(world: World) -> None:
    """A crash costs the message that caused it, with its reason and correlation."""
    system = world.start(tree(world.child("a")))
    world.address("a").tell(POISON, correlation="cycle-1")
    world.tell("a", Note(1))
    world.until_noted("note", "a", 1)
    (letter,) = system.dead_letters.items()
    assert (letter.to, letter.message, letter.correlation) == ("root/a", POISON, "cycle-1")
    assert letter.why == "crashed: ValueError"


def test_crash_under_ask_fails_the_asker_and_restarts_the_actor(world: World) -> None:
    """A crash is the same under tell and under ask; the asker learns the cause."""
    world.start(tree(world.child("a")))
    with pytest.raises(AskFailed) as raised:
        world.ask("a", POISON)
    assert raised.value.__cause__ is POISON.error
    world.until_event(ActorRestarted, "root/a")


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), MemoryError(), GeneratorExit(), BaseException("bare")]
)
def test_no_exception_takes_a_bystander_down(world: World, error: BaseException) -> None:
    """Whatever a handler raises is a crash of that actor alone."""
    world.start(tree(world.child("a"), world.child("b")))
    with pytest.raises(AskFailed) as raised:
        world.ask("a", Crash(error))
    assert raised.value.__cause__ is error
    world.until_event(ActorRestarted, "root/a")
    assert (world.epoch("a"), world.epoch("b")) == (2, 1)


def test_full_mailbox_refuses_asks_and_buries_tells(world: World) -> None:
    """Full: an ask is told at once, a tell is dead, both are counted; the event is folded to one a minute."""
    system = world.start(tree(world.child("a", mailbox_bound=2, hang_limit_s=1e6)))
    world.tell("a", Block())
    world.until_noted("blocked", "a")
    for number in range(5):
        world.tell("a", Note(number))
    with pytest.raises(MailboxFull):
        world.ask("a", Note("asked"))
    world.until_event(MailboxOverflow, "root/a")
    (status,) = system.status()
    assert (status.mailbox_depth, status.overflowed) == (2, 4)
    assert [letter.message for letter in system.dead_letters.items()] == [Note(2), Note(3), Note(4)]
    assert len(world.events_of(MailboxOverflow)) == 1
    assert not world.events_of(DeadLettered)


def test_stopped_actor_is_unavailable_and_its_mail_dead(world: World) -> None:
    """Mail behind the end of a transient actor is dead, later asks are refused at once."""
    system = world.start(tree(world.child("a", restart=Restart.TRANSIENT)))
    with world.runtime.operation():
        world.tell("a", Finish())
        world.tell("a", Note(1))
    world.until(lambda: world.states()["a"] == "stopped")
    with pytest.raises(ActorUnavailable):
        world.ask("a", Note(2))
    world.tell("a", Note(3))
    assert [(letter.message, letter.why) for letter in system.dead_letters.items()] == [
        (Note(1), "stopped"),
        (Note(3), "stopped"),
    ]


def test_ask_without_answer_times_out(world: World) -> None:
    """The asker is never left waiting, and a late answer disturbs nobody."""
    world.start(tree(world.child("a", hang_limit_s=1e6)))
    world.tell("a", Block())
    with pytest.raises(AskTimeout):
        world.ask("a", Note(1), timeout_s=0.05)


def test_stop_answers_every_waiting_asker(world: World) -> None:
    """At the end of the system queued tells are dead, none is forgotten."""
    system = world.start(tree(world.child("a", hang_limit_s=1e6, shutdown_timeout_s=0.05)))
    world.tell("a", Block())
    world.until_noted("blocked", "a")
    world.tell("a", Note(1))
    system.stop()
    assert [(letter.message, letter.why) for letter in system.dead_letters.items()] == [
        (Block(), "killed"),
        (Note(1), "stopped"),
    ]


def test_mail_of_held_actors_is_kept(world: World) -> None:
    """Under rest_for_one the mail of those that wait for the failed one is kept in order too."""
    spec = SupervisorSpec(
        "root", (world.child("a"), world.child("b")), RestartStrategy.REST_FOR_ONE, backoff=SLOWLY
    )
    world.start(spec)
    with world.runtime.operation():
        world.tell("a", POISON)
        world.until(lambda: world.simulated or world.states()["b"] == "held")
        world.tell("b", Note(1))
        world.tell("b", Note(2))
    world.until_noted("note", "b", 2)
    assert world.noted("note") == [("note", "b", 1), ("note", "b", 2)]


def test_stop_goes_before_waiting_mail(world: World) -> None:
    """The system lane is before the user lane: what waits at an orderly stop is not worked off."""
    if not world.simulated:
        pytest.skip("needs control over who runs first")
    system = world.start(tree(world.child("a")))
    for number in range(100):
        world.tell("a", Note(number))
    system.stop()
    assert len(world.noted("note")) + len(system.dead_letters.items()) == 100
    assert system.dead_letters.count > 0


def test_envelope_says_who_when_and_why(world: World) -> None:
    """The tracer's envelopes carry sender, time, correlation and cause."""
    system = world.start(tree(world.child("a"), world.child("b")))
    world.address("a").tell(Note("x"), sender=world.address("b"), correlation="cycle-9")
    world.until_noted("note", "a", "x")
    (envelope,) = [envelope for envelope in system.tracer.items() if envelope.message == Note("x")]
    assert (envelope.sender, envelope.to) == (world.address("b"), world.address("a"))
    assert (envelope.correlation, envelope.causation) == ("cycle-9", None)
    assert envelope.sent_at.tzinfo is not None
    assert system.tracer.find("cycle-9") == (envelope,)


def test_pykka_ref_reaches_a_cell() -> None:
    """A cell is a pykka actor: a plain ActorRef can tell, ask and stop it."""
    world = World("threads")
    system = world.start(tree(world.child("a", restart=Restart.TRANSIENT)))
    ref = system.cells[0].actor_ref
    assert ref.ask(Note("hello"), timeout=15) == "hello"
    assert ref.is_alive()
    _stopping = ref.stop(block=False)
    world.until(lambda: world.states()["a"] == "stopped")
    assert not ref.is_alive()
    world.close()
