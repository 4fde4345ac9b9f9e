"""Conversations: coroutines resumed by the message that they wait for, and closed when they must end."""

from __future__ import annotations

import inspect
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest

from actors.runtime import Came, Conversation, Conversations, Key, Name, Wake, done_key
from actors.runtime.testing import FakeContext

A, B = Key[int]("a"), Key[int]("b")
GO = Key[None]("go")


@pytest.fixture
def ctx() -> FakeContext:
    return FakeContext()


@pytest.fixture
def talks(ctx: FakeContext) -> Conversations:
    return Conversations(ctx)


def waiting(talks: Conversations, seen: list[Came], *keys: Key[Any]) -> Conversation[str]:
    async def wait() -> str:
        seen.append(await talks.first_of(*keys))
        return "end"

    return wait()


def test_a_conversation_is_resumed_by_the_first_of_its_keys_only(talks: Conversations) -> None:
    seen: list[Came] = []
    talks.start(Name("f"), waiting(talks, seen, A, B))
    assert talks.deliver(B, 2)
    assert not talks.deliver(A, 1)
    assert seen == [Came(B, 2)]
    assert Name("f") not in talks


def test_an_event_that_nobody_waits_for_is_said_to_be_unheard(talks: Conversations) -> None:
    assert not talks.deliver(A, 1)


def test_the_end_of_a_conversation_is_delivered_with_its_value(talks: Conversations) -> None:
    seen: list[Came] = []
    talks.start(Name("f"), waiting(talks, [], A))
    talks.start(Name("watcher"), waiting(talks, seen, done_key(Name("f"))))
    talks.deliver(A, 1)
    assert seen == [Came(done_key(Name("f")), "end")]


def test_one_event_resumes_everyone_who_waits_for_it(talks: Conversations) -> None:
    seen: list[Came] = []
    talks.start(Name("f"), waiting(talks, seen, A))
    talks.start(Name("g"), waiting(talks, seen, A))
    talks.deliver(A, 1)
    assert len(seen) == 2


def test_delivery_from_within_a_conversation_waits_its_turn(talks: Conversations) -> None:
    """One that delivers to another is not re-entered, and the other runs when it has come to rest."""
    order: list[str] = []

    async def teller() -> None:
        await talks.event(GO)
        talks.deliver(A, 1)
        order.append("teller")

    async def hearer() -> None:
        await talks.event(A)
        order.append("hearer")

    talks.start(Name("teller"), teller())
    talks.start(Name("hearer"), hearer())
    talks.deliver(GO, None)
    assert order == ["teller", "hearer"]


def test_two_conversations_of_one_name_are_refused_and_the_second_is_closed(talks: Conversations) -> None:
    talks.start(Name("f"), waiting(talks, [], A))
    second = waiting(talks, [], A)
    with pytest.raises(ValueError, match="running"):
        talks.start(Name("f"), second)
    assert is_closed(second)


def test_a_dropped_conversation_is_closed_and_not_resumed(talks: Conversations) -> None:
    seen: list[Came] = []
    dropped = waiting(talks, seen, A)
    talks.start(Name("f"), dropped)
    talks.drop(Name("f"))
    assert is_closed(dropped)
    assert not talks.deliver(A, 1)
    assert talks.names() == ()
    assert seen == []


def test_one_dropped_by_another_that_the_same_event_woke_is_not_resumed(talks: Conversations) -> None:
    seen: list[Came] = []

    async def dropper() -> None:
        await talks.event(A)
        talks.drop(Name("f"))

    talks.start(Name("dropper"), dropper())
    talks.start(Name("f"), waiting(talks, seen, A))
    assert talks.deliver(A, 1)
    assert seen == []
    assert talks.names() == ()


def test_a_raise_reaches_the_actor_and_closes_those_that_have_not_begun(talks: Conversations) -> None:
    """It is a crash like any other; nothing is swallowed, and nothing is left to the garbage collector."""
    unbegun = waiting(talks, [], A)

    async def broken() -> None:
        await talks.event(A)
        talks.start(Name("unbegun"), unbegun)
        raise ZeroDivisionError

    talks.start(Name("f"), broken())
    with pytest.raises(ZeroDivisionError):
        talks.deliver(A, 1)
    assert is_closed(unbegun)


def test_a_pause_ends_with_its_timer_or_by_a_key(ctx: FakeContext, talks: Conversations) -> None:
    found: list[Key[Any] | None] = []

    async def pausing() -> None:
        found.append(await talks.pause(5.0, A))
        found.append(await talks.pause(5.0, A))

    talks.start(Name("f"), pausing())
    talks.deliver(A, 1)
    wake(ctx, talks, 5.0)
    assert found == [A, None]


def test_a_countdown_is_over_also_if_nobody_waits_for_it_then(ctx: FakeContext, talks: Conversations) -> None:
    countdown = talks.countdown(5.0)
    wake(ctx, talks, 4.9)
    assert not countdown.is_over
    wake(ctx, talks, 0.2)
    assert countdown.is_over


def test_the_end_of_a_countdown_resumes_who_waits_for_it(ctx: FakeContext, talks: Conversations) -> None:
    found: list[Key[Any] | None] = []
    countdown = talks.countdown(5.0)

    async def pausing() -> None:
        found.append(await talks.pause(60.0, countdown.over))

    talks.start(Name("f"), pausing())
    wake(ctx, talks, 5.0)
    assert found == [countdown.over]


def test_the_first_of_several_events_is_waited_for_until_a_moment(
    ctx: FakeContext, talks: Conversations
) -> None:
    found: list[Came | None] = []

    async def waiting_until() -> None:
        until = ctx.now() + timedelta(seconds=5.0)
        found.append(await talks.first_until(until, "first", A, B))
        found.append(await talks.first_until(until, "first", A, B))

    talks.start(Name("f"), waiting_until())
    talks.deliver(B, 2)
    wake(ctx, talks, 5.0)
    assert found == [Came(B, 2), None]


def test_an_event_that_does_not_come_in_time_is_none(ctx: FakeContext, talks: Conversations) -> None:
    found: list[int | None] = []

    async def asking() -> None:
        came = await talks.event_within(A, 5.0)
        found.append(came)

    talks.start(Name("f"), asking())
    wake(ctx, talks, 5.0)
    assert found == [None]
    assert not talks.deliver(A, 1)


def test_a_foreign_awaitable_is_refused_by_name(talks: Conversations) -> None:
    class Foreign:
        def __await__(self) -> Generator[int, None, None]:
            yield 1

    async def foreign() -> None:
        await Foreign()

    with pytest.raises(TypeError, match="f: expected it to await what Conversations offers, found int"):
        talks.start(Name("f"), foreign())


def test_a_key_that_is_named_twice_resumes_once(talks: Conversations) -> None:
    """Or its event would end the next wait, too, which is for an event of another type."""
    found: list[object] = []

    async def waiting_twice() -> None:
        found.append(await talks.first_of(A, A))
        found.append(await talks.pause(5.0, B, B))
        await talks.event(GO)
        found.append("resumed")

    talks.start(Name("f"), waiting_twice())
    talks.deliver(A, 1)
    talks.deliver(B, 2)
    assert found == [Came(A, 1), B]
    assert Name("f") in talks


def test_a_wait_for_nothing_is_refused(talks: Conversations) -> None:
    async def waiting_for_nothing() -> None:
        await talks.first_of()

    with pytest.raises(ValueError, match="at least one key"):
        talks.start(Name("f"), waiting_for_nothing())


def test_the_limit_of_a_wait_that_is_over_does_not_end_the_next(
    ctx: FakeContext, talks: Conversations
) -> None:
    """The timer had fired already: its `Wake` lay in the mailbox behind the event."""
    found: list[int | Came | None] = []

    async def asking_again() -> None:
        for _ in range(2):
            came = await talks.event_within(A, 30.0)
            found.append(came)
        found.append(await talks.first_until(ctx.now() + timedelta(seconds=30.0), "same", A))
        found.append(await talks.first_until(ctx.now() + timedelta(seconds=30.0), "same", A))

    talks.start(Name("f"), asking_again())
    for event in (1, 2, 3):
        late = ctx.advance(30.0)
        talks.deliver(A, event)
        for message in late:
            assert isinstance(message, Wake)
            talks.wake(message)
    assert found == [1, 2, Came(A, 3)]


def test_the_limit_of_one_wait_does_not_end_that_of_another(ctx: FakeContext, talks: Conversations) -> None:
    ended: list[str] = []

    async def asking(name: str, limit_s: float) -> None:
        await talks.event_within(A, limit_s)
        ended.append(name)

    talks.start(Name("short"), asking("short", 1.0))
    talks.start(Name("long"), asking("long", 100.0))
    wake(ctx, talks, 1.0)
    assert ended == ["short"]


def test_a_conversation_that_drops_itself_is_refused_and_stays_the_one_of_its_name(
    talks: Conversations,
) -> None:
    async def dropping_itself() -> None:
        await talks.event(A)
        with pytest.raises(ValueError, match="executing"):
            talks.drop(Name("f"))
        await talks.event(B)

    talks.start(Name("f"), dropping_itself())
    talks.deliver(A, 1)
    with pytest.raises(ValueError, match="running"):
        talks.start(Name("f"), waiting(talks, [], A))
    talks.deliver(B, 2)
    assert talks.names() == ()


def test_the_event_of_another_life_is_refused(talks: Conversations) -> None:
    other = Conversations(FakeContext())

    async def foreign() -> None:
        await other.event(A)

    with pytest.raises(TypeError, match="f: expected it to await its own Conversations"):
        talks.start(Name("f"), foreign())


def test_an_event_is_not_kept_for_one_that_will_wait_for_it(talks: Conversations) -> None:
    """The hearer has been resumed by the first event, but has not come to its wait for the second."""
    heard: list[bool] = []

    async def hearer() -> None:
        await talks.event(A)
        await talks.event(B)

    async def teller() -> None:
        await talks.event(GO)
        heard.extend((talks.deliver(A, 1), talks.deliver(B, 2)))

    talks.start(Name("hearer"), hearer())
    talks.start(Name("teller"), teller())
    talks.deliver(GO, None)
    assert heard == [True, False]
    assert talks.names() == (Name("hearer"),)
    assert talks.deliver(B, 2)


def test_an_event_that_nobody_has_awaited_is_refused(talks: Conversations) -> None:
    forgotten = waiting(talks, [], A)
    with pytest.raises(TypeError, match="event any: expected a value, found the coroutine"):
        talks.deliver(Key[object]("any"), forgotten)
    assert is_closed(forgotten)


def wake(ctx: FakeContext, talks: Conversations, after_s: float) -> None:
    """Move market time on and deliver the timers that came due."""
    for message in ctx.advance(after_s):
        assert isinstance(message, Wake)
        talks.wake(message)


def is_closed(conversation: Conversation[Any]) -> bool:
    assert inspect.iscoroutine(conversation)
    return inspect.getcoroutinestate(conversation) == inspect.CORO_CLOSED
