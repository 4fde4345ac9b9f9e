"""The outbox: told again until acknowledged, in order, by one timer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.runtime import Outbox, Retell
from actors.runtime.testing import FakeAddress, FakeContext


@pytest.fixture
def ctx() -> FakeContext:
    return FakeContext()


@pytest.fixture
def outbox(ctx: FakeContext) -> Outbox:
    return Outbox(ctx)


STATE = FakeAddress("state")


def test_message_is_told_at_once_with_the_correlation_of_the_moment(ctx: FakeContext, outbox: Outbox) -> None:
    with ctx.handling("a message", correlation="cycle-1"):
        outbox.send(STATE, "write", "r1")
    assert ctx.told == [(STATE, "write")]
    assert ctx.tell_correlations == ["cycle-1"]


def test_unsettled_message_is_told_again_after_five_seconds_under_its_first_correlation(
    ctx: FakeContext, outbox: Outbox
) -> None:
    with ctx.handling("a message", correlation="cycle-1"):
        outbox.send(STATE, "write", "r1")
    assert ctx.advance(4.999) == []
    assert ctx.advance(0.001) == [Retell()]
    outbox.retell()
    assert ctx.told == [(STATE, "write")] * 2
    assert ctx.tell_correlations == ["cycle-1", "cycle-1"]


def test_it_is_told_for_ever(ctx: FakeContext, outbox: Outbox) -> None:
    outbox.send(STATE, "write", "r1")
    for _ in range(50):
        assert ctx.advance(5) == [Retell()]
        outbox.retell()
    assert len(ctx.told) == 51


def test_settled_message_is_not_told_again_and_no_timer_is_left(ctx: FakeContext, outbox: Outbox) -> None:
    outbox.send(STATE, "write", "r1")
    assert outbox.settle("r1")
    assert outbox.pending == ()
    assert ctx.pending_timers == []


def test_repeated_or_foreign_answer_settles_nothing(outbox: Outbox) -> None:
    outbox.send(STATE, "write", "r1")
    outbox.settle("r1")
    assert not outbox.settle("r1")
    assert not outbox.settle("r2")


def test_only_what_is_old_enough_is_told_again_in_order(ctx: FakeContext, outbox: Outbox) -> None:
    for name in ("a", "b"):
        outbox.send(STATE, name, name)
    ctx.advance(3)
    outbox.send(STATE, "c", "c")
    ctx.advance(2)
    outbox.retell()
    assert [message for _, message in ctx.told] == ["a", "b", "c", "a", "b"]
    ctx.advance(3)
    outbox.retell()
    assert [message for _, message in ctx.told][5:] == ["c"]


def test_one_timer_serves_all(ctx: FakeContext, outbox: Outbox) -> None:
    for n in range(10):
        outbox.send(STATE, n, str(n))
    assert len(ctx.pending_timers) == 1


def set_clock(ctx: FakeContext, by_s: float) -> None:
    """As in the runtime, what is left until a timer is due stays as it is."""
    ctx.time += timedelta(seconds=by_s)
    for timer in ctx.pending_timers:
        timer.when += timedelta(seconds=by_s)


@pytest.mark.parametrize("back_s", [10.0, 28_800.0])
def test_it_is_told_again_as_ever_if_the_clock_is_set_back(
    ctx: FakeContext, outbox: Outbox, back_s: float
) -> None:
    """By the clock it was told only later."""
    outbox.send(STATE, "write", "r1")
    set_clock(ctx, -back_s)
    for number in range(3):
        assert ctx.advance(5) == [Retell()]
        outbox.retell()
        assert len(ctx.told) == 2 + number
