"""A flood of dead letters reaches the listener as a few events that count it, and none of it is forgotten."""

from __future__ import annotations

import threading
from datetime import timedelta

from actors.runtime import Backoff, DeadLettered, Restart, RuntimeEvent, SupervisorSpec, to_us
from actors.runtime.reporting.folding import EVENT_EVERY, EVENT_EVERY_US
from tests.actors.runtime.world import PATIENCE_S, START, Crash, Finish, Note, Pause, Who, World

AT_ONCE = Backoff(min_s=0.0, cap_s=0.0, jitter=0.0)


def start_with_a_stopped_one(world: World) -> None:
    """`a` has ended for good, `b` serves."""
    children = (world.child("a", restart=Restart.TRANSIENT), world.child("b", hang_limit_s=1e6))
    world.start(SupervisorSpec("root", children, intensity=100, backoff=AT_ONCE))
    world.tell("a", Finish())
    world.until(lambda: world.states()["a"] == "stopped")


def told(world: World) -> list[tuple[object, int]]:
    """What the listener heard: each message with how many it stands for."""
    events = [event for event in world.events if isinstance(event, DeadLettered)]
    return [(event.message, event.count) for event in events]


def test_flood_of_dead_letters_is_told_by_the_first_and_a_count(world: World) -> None:
    """The first at once, the rest at the end of the interval, also when nothing more comes."""
    start_with_a_stopped_one(world)
    assert world.system is not None
    with world.runtime.operation():
        for number in range(500):
            world.tell("a", Note(number))
        world.until(lambda: told(world) == [(Note(0), 1)], "the first, at once")
    world.until(lambda: told(world) == [(Note(0), 1), (Note(499), 499)], "the others, counted")
    first, rest = world.events_of(DeadLettered)
    assert rest.at - first.at <= EVENT_EVERY
    assert world.system.dead_letters.count == 500
    assert [letter.message for letter in world.system.dead_letters.items()] == list(map(Note, range(500)))


def test_dead_letter_after_a_quiet_interval_is_told_at_once_again(world: World) -> None:
    """Folding is for floods: what comes alone is told alone."""
    start_with_a_stopped_one(world)
    pause_s = EVENT_EVERY / timedelta(seconds=1)
    for number in range(3):
        world.tell("a", Note(number))
        world.ask("b", Pause(pause_s), timeout_s=1e6 if world.simulated else PATIENCE_S)
    assert told(world) == [(Note(0), 1), (Note(1), 1), (Note(2), 1)]


def test_steady_flood_is_told_once_an_interval(world: World) -> None:
    """The interval begins anew with each event, not with each letter."""
    start_with_a_stopped_one(world)
    pause_s = EVENT_EVERY / timedelta(seconds=1) / 4
    for number in range(12):
        world.tell("a", Note(number))
        world.ask("b", Pause(pause_s), timeout_s=1e6 if world.simulated else PATIENCE_S)
    world.until(lambda: sum(count for _, count in told(world)) == 12)
    assert len(told(world)) - 1 <= (world.runtime.now_us() - to_us(START)) / EVENT_EVERY_US


def test_first_dead_letter_of_each_type_is_told_at_once(world: World) -> None:
    """Who listens decides by the type of what was lost, and must not wait for it behind another type."""
    start_with_a_stopped_one(world)
    with world.runtime.operation():
        for number in range(3):
            world.tell("a", Note(number))
        world.tell("a", Who())
        world.until(lambda: told(world) == [(Note(0), 1), (Who(), 1)])


def test_each_message_that_cost_a_life_is_told(world: World) -> None:
    """Lives are counted by their supervisor, so these can't become a flood, and each may need an answer."""
    start_with_a_stopped_one(world)
    poison = Crash(ValueError("poison"))
    with world.runtime.operation():
        for _ in range(3):
            world.tell("b", poison)
        world.until(lambda: told(world) == [(poison, 1)] * 3)


def test_what_is_folded_is_told_before_the_end_of_the_system(world: World) -> None:
    """The interval of what a stop leaves behind would never be over."""
    start_with_a_stopped_one(world)
    assert world.system is not None
    with world.runtime.operation():
        for number in range(10):
            world.tell("a", Note(number))
        world.system.stop()
    assert told(world) == [(Note(0), 1), (Note(9), 9)]


def test_slow_listener_does_not_fill_the_roots_queue() -> None:
    """However long it takes, no more waits for it than a few events."""
    world = World("threads")
    go_on = threading.Event()

    def listen(event: RuntimeEvent) -> None:
        if isinstance(event, DeadLettered):
            assert go_on.wait(PATIENCE_S)

    world.on_event = listen
    start_with_a_stopped_one(world)

    def send() -> None:
        for number in range(1000):
            world.tell("a", Note(number))

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert world.system is not None
    go_on.set()
    world.until(lambda: sum(count for _, count in told(world)) == 4000)
    assert len(told(world)) == 2
    assert world.system.dead_letters.count == 4000
    world.close()
