"""The end of conversations: each is closed at its `await`, has no effect meanwhile, and none is forgotten."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from actors.runtime import Conversation, Conversations, EffectWhileClosing, Fenced, Key, Name, PlainQuestion
from actors.runtime.testing import FakeAddress, FakeContext

A, B = Key[int]("a"), Key[int]("b")


@pytest.fixture
def ctx() -> FakeContext:
    return FakeContext()


@pytest.fixture
def talks(ctx: FakeContext) -> Conversations:
    return Conversations(ctx)


async def waiting(talks: Conversations, key: Key[int] = A) -> None:
    await talks.event(key)


async def ending(talks: Conversations, at_close: Callable[[], object]) -> None:
    """Waits for A; `at_close` is what its `finally` does."""
    try:
        await talks.event(A)
    finally:
        at_close()


def failing(error: BaseException) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail


def test_the_end_of_the_incarnation_closes_every_conversation(talks: Conversations) -> None:
    ended: list[str] = []

    async def holding(name: str) -> None:
        try:
            await talks.event(A)
        finally:
            ended.append(name)

    talks.start(Name("f"), holding("f"))
    talks.start(Name("g"), holding("g"))
    talks.close()
    assert ended == ["f", "g"]


def test_one_that_is_executing_at_the_end_goes_on_to_its_next_wait_and_is_closed_there(
    talks: Conversations,
) -> None:
    """`on_stop` of a hung life runs on another thread; it can't close what executes."""
    reached: list[str] = []

    async def closing_meanwhile() -> None:
        other = Thread(target=talks.close)
        other.start()
        other.join()
        reached.append("executed on")
        await talks.event(A)
        reached.append("resumed")

    conversation = closing_meanwhile()
    talks.start(Name("f"), conversation)
    assert reached == ["executed on"]
    assert is_closed(conversation)


def test_after_the_end_none_begins(ctx: FakeContext, talks: Conversations) -> None:
    talks.close()
    ctx.live = False
    late = waiting(talks)
    with pytest.raises(Fenced):
        talks.start(Name("late"), late)
    assert is_closed(late)


def test_one_that_never_began_is_closed_with_the_others(talks: Conversations) -> None:
    unbegun = waiting(talks, B)

    async def starting() -> None:
        await talks.event(A)
        talks.start(Name("unbegun"), unbegun)
        talks.close()

    talks.start(Name("f"), starting())
    talks.deliver(A, 1)
    assert is_closed(unbegun)


@pytest.mark.parametrize("error", [KeyError("cleanup"), ValueError("cleanup"), SystemExit("cleanup")])
def test_a_cleanup_that_raises_leaves_no_other_conversation_open(
    talks: Conversations, error: BaseException
) -> None:
    others = [waiting(talks), waiting(talks)]
    talks.start(Name("before"), others[0])
    talks.start(Name("bad"), ending(talks, failing(error)))
    talks.start(Name("after"), others[1])
    with pytest.raises(type(error), match="cleanup"):
        talks.close()
    assert all(map(is_closed, others))


def test_of_several_cleanups_that_raise_the_first_names_the_others(talks: Conversations) -> None:
    talks.start(Name("f"), ending(talks, failing(KeyError("first"))))
    talks.start(Name("g"), ending(talks, failing(OSError("second"))))
    with pytest.raises(KeyError, match="first") as raised:
        talks.close()
    assert "OSError: second" in "".join(raised.value.__notes__)


def test_a_fence_that_holds_hides_no_cleanup_that_raises(ctx: FakeContext, talks: Conversations) -> None:
    """Nobody reports `Fenced`, so it must not be the one that is raised."""
    talks.start(Name("f"), ending(talks, ctx.check_live))
    talks.start(Name("g"), ending(talks, failing(OSError("cleanup"))))
    ctx.live = False
    with pytest.raises(OSError, match="cleanup"):
        talks.close()


def test_one_that_does_not_end_when_it_is_closed_leaves_no_other_open(talks: Conversations) -> None:
    async def obstinate() -> None:
        try:
            await talks.event(A)
        except GeneratorExit:
            await talks.event(B)

    other = waiting(talks)
    talks.start(Name("f"), obstinate())
    talks.start(Name("other"), other)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        talks.close()
    assert is_closed(other)


def test_a_crash_stays_the_cause_if_a_cleanup_raises_after_it(talks: Conversations) -> None:
    unbegun = waiting(talks)

    async def crashing() -> None:
        await talks.event(B)
        talks.start(Name("unbegun"), unbegun)
        raise ZeroDivisionError

    talks.start(Name("bad"), ending(talks, failing(KeyError("cleanup"))))
    talks.start(Name("crashing"), crashing())
    with pytest.raises(ZeroDivisionError) as raised:
        talks.deliver(B, 1)
    assert "KeyError: 'cleanup'" in "".join(raised.value.__notes__)
    assert is_closed(unbegun)


def test_too_deep_a_chain_of_awaits_is_a_crash_that_closes_the_others(talks: Conversations) -> None:
    async def deeper(levels: int) -> None:
        if levels:
            await deeper(levels - 1)
        await talks.event(A)

    other = waiting(talks)
    talks.start(Name("other"), other)
    with pytest.raises(RecursionError):
        talks.start(Name("deep"), deeper(5000))
    assert is_closed(other)


def effects(ctx: FakeContext, talks: Conversations) -> dict[str, Callable[[], object]]:
    """Whatever a conversation could do that is seen outside of it."""
    question = PlainQuestion(FakeAddress("state"), "anything")
    return {
        "tell": lambda: ctx.tell(FakeAddress("state"), "anything"),
        "ask": lambda: ctx.ask(question, timeout_s=1.0),
        "call_later": lambda: ctx.call_later(1.0, "anything"),
        "call_at": lambda: ctx.call_at(ctx.now(), "anything"),
        "sleep": lambda: ctx.sleep(1.0),
        "watch": lambda: ctx.watch(FakeAddress("state")),
        "defer_reply": ctx.defer_reply,
        "stop_self": ctx.stop_self,
        "check_live": ctx.check_live,
        "at_end": lambda: ctx.at_end(lambda: None),
        "deliver": lambda: talks.deliver(B, 1),
        "start": lambda: talks.start(Name("new"), waiting(talks)),
        "drop": lambda: talks.drop(Name("other")),
    }


@pytest.mark.parametrize("effect", effects(FakeContext(), Conversations(FakeContext())))
@pytest.mark.parametrize("how", ["dropped", "closed"])
def test_one_that_is_being_closed_can_have_no_effect(
    ctx: FakeContext, talks: Conversations, how: str, effect: str
) -> None:
    """At an orderly stop the life is not fenced yet: what it told would leave, and be a dead letter."""
    other = waiting(talks, B)
    talks.start(Name("other"), other)
    talks.start(Name("f"), ending(talks, effects(ctx, talks)[effect]))
    with pytest.raises(EffectWhileClosing):
        talks.drop(Name("f")) if how == "dropped" else talks.close()
    assert ctx.told == []
    assert ctx.asked == []
    assert is_closed(other) is (how == "closed")
    assert talks.names() == (() if how == "closed" else (Name("other"),))


def test_after_one_is_dropped_the_others_have_effects_again(ctx: FakeContext, talks: Conversations) -> None:
    talks.start(Name("f"), ending(talks, lambda: None))
    talks.drop(Name("f"))
    ctx.tell(FakeAddress("state"), "anything")
    talks.start(Name("g"), waiting(talks))
    assert talks.deliver(A, 1)


def test_after_the_end_nothing_runs_and_no_event_is_taken(talks: Conversations) -> None:
    talks.start(Name("f"), waiting(talks))
    talks.close()
    assert not talks.deliver(A, 1)
    assert talks.names() == ()
    assert Name("f") not in talks


def test_one_that_is_started_while_another_thread_closes_all_is_closed(
    ctx: FakeContext, talks: Conversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The closing thread has listed the running ones just before this one was entered."""

    class ClosedMeanwhile(dict[Name, Any]):
        def __setitem__(self, name: Name, running: object) -> None:
            ctx.live = False
            closing = Thread(target=talks.close)
            closing.start()
            closing.join()
            super().__setitem__(name, running)

    monkeypatch.setattr(talks, "_running", ClosedMeanwhile())
    late = waiting(talks)
    with pytest.raises(Fenced):
        talks.start(Name("late"), late)
    assert is_closed(late)


def is_closed(conversation: Conversation[Any]) -> bool:
    assert inspect.iscoroutine(conversation)
    return inspect.getcoroutinestate(conversation) == inspect.CORO_CLOSED
