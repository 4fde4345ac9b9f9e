"""The parts that the backends are made of: mailbox, future, timers, clock, tracer, dump, fakes."""

from __future__ import annotations

import gc
import math
import queue
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pykka
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime import (
    Actor,
    ActorUnavailable,
    Backoff,
    Fenced,
    GreenRuntime,
    JumpingClock,
    PlainQuestion,
    Runtime,
    SupervisorSpec,
    SystemClock,
    ThreadRuntime,
    Tracer,
    from_us,
    to_us,
)
from actors.runtime.backend import futures
from actors.runtime.backend.futures import OneShot, ThreadFuture
from actors.runtime.backend.mailbox import FULL
from actors.runtime.backend.timers import TimerHeap
from actors.runtime.backend.two_lanes import TwoLaneMailbox
from actors.runtime.testing import FakeAddress, FakeContext
from tests.actors.runtime.world import START, World


def test_mailbox_serves_the_system_lane_first() -> None:
    """What the system has to say comes before all user mail."""
    mailbox = TwoLaneMailbox()
    mailbox.put("user")
    mailbox.put_system("system")
    assert [mailbox.get(), mailbox.get()] == ["system", "user"]


def test_mailbox_counts_what_it_refuses() -> None:
    """At its bound it takes nothing and counts."""
    mailbox = TwoLaneMailbox(bound=2)
    assert [mailbox.put(number) for number in range(4)] == [None, None, FULL, FULL]
    assert (len(mailbox), mailbox.overflowed) == (2, 2)


def test_closed_mailbox_says_why() -> None:
    """After closing, mail is refused with the reason; what was queued is handed back in order."""
    mailbox = TwoLaneMailbox()
    mailbox.put(1)
    mailbox.put(2)
    assert mailbox.close("parked") == [1, 2]
    assert mailbox.put(3) == "parked"
    assert mailbox.empty()
    mailbox.reopen()
    assert mailbox.put(4) is None


def test_former_owner_is_shown_the_door() -> None:
    """Who was detached gets None, also when asleep, and the mail stays for the next owner."""
    mailbox = TwoLaneMailbox()
    first, second = object(), object()
    mailbox.attach(first)
    got: list[object] = []
    sleeper = threading.Thread(target=lambda: got.append(mailbox.get(first)))
    sleeper.start()
    assert mailbox.detach(first) == (True, None)
    sleeper.join(10.0)
    assert got == [None]
    mailbox.put("kept")
    mailbox.attach(second)
    assert mailbox.get(first) is None
    assert mailbox.get(second) == "kept"
    assert mailbox.detach(first) == (False, None)
    assert mailbox.detach(second, holding="other") == (False, None)
    assert mailbox.detach(second, holding="kept") == (True, "kept")


def test_mail_put_while_closing_is_accounted_for_once() -> None:
    """Senders against a closing mailbox: each message is handed back or refused, exactly one of the two."""
    for _ in range(50):
        mailbox = TwoLaneMailbox()
        refused: list[tuple[int, int]] = []
        ready = threading.Barrier(4)

        def send(
            sender: int,
            mailbox: TwoLaneMailbox = mailbox,
            refused: list[tuple[int, int]] = refused,
            ready: threading.Barrier = ready,
        ) -> None:
            ready.wait()
            mail = [(sender, number) for number in range(50)]
            refused.extend(one for one in mail if mailbox.put(one) is not None)

        senders = [threading.Thread(target=send, args=(sender,)) for sender in range(3)]
        for sender in senders:
            sender.start()
        ready.wait()
        handed_back = mailbox.close("stopped")
        for sender in senders:
            sender.join()
        everything = Counter((sender, number) for sender in range(3) for number in range(50))
        assert Counter(handed_back) + Counter(refused) == everything


@pytest.mark.parametrize("make", [ThreadFuture, lambda: GreenRuntime(START, 1).new_future()])
def test_first_decision_of_a_future_stands(make: Callable[[], OneShot]) -> None:
    """Later decisions are refused: quietly by resolve and reject, loudly by pykka's set."""
    future = make()
    assert future.resolve(1)
    assert not future.resolve(2)
    assert not future.reject(ValueError())
    with pytest.raises(queue.Full):
        future.set(3)
    assert future.get(timeout=0) == 1


def test_future_wakes_all_who_wait() -> None:
    """Several threads may wait for one outcome."""
    future = ThreadFuture()
    got: list[object] = []
    waiting = [threading.Thread(target=lambda: got.append(future.get(timeout=10))) for _ in range(5)]
    for thread in waiting:
        thread.start()
    future.set("answer")
    for thread in waiting:
        thread.join()
    assert got == ["answer"] * 5


def test_future_times_out_as_in_pykka() -> None:
    """Without an outcome `get` raises pykka.Timeout."""
    with pytest.raises(pykka.Timeout):
        ThreadFuture().get(timeout=0.001)


WAITS = 500


@pytest.mark.parametrize(
    "runtime",
    [
        lambda: ThreadRuntime(SystemClock()),
        lambda: ThreadRuntime(JumpingClock(START)),
        lambda: GreenRuntime(START, 1),
    ],
    ids=["threads", "jumping", "green"],
)
@pytest.mark.parametrize("timeout_s", [0.0, 1e-6])
def test_a_wait_that_ran_out_leaves_nothing_behind(runtime: Callable[[], Runtime], timeout_s: float) -> None:
    """Whoever looks ten times a second for months whether the engine has ended must not fill the memory."""
    world = runtime()
    future = world.new_future()
    assert not world.wait(future, timeout_s, None)
    gc.collect()
    tracemalloc.start()
    for _ in range(WAITS):
        assert not world.wait(future, timeout_s, None)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    world.shut_down()
    assert kept < 8 * WAITS


class OpenLock:
    """A lock that can always be had, and that refuses a timeout as the real one does."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        return threading.Lock().acquire(blocking, timeout)


@pytest.mark.parametrize("timeout_s", [math.inf, 1e12])
def test_future_can_be_waited_for_without_end(timeout_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock refuses what is longer than it can count; whoever waits for ever must not be told so."""
    monkeypatch.setattr(futures, "Lock", OpenLock)
    assert ThreadFuture().wait(timeout_s)


@given(dues=st.lists(st.integers(0, 20), max_size=30), cancelled=st.sets(st.integers(0, 29)))
def test_timers_come_by_time_then_by_order(dues: list[int], cancelled: set[int]) -> None:
    """Whatever the order of adding; cancelled ones never come."""
    heap = TimerHeap()
    came: list[int] = []
    timers = [heap.add(due, partial(came.append, number)) for number, due in enumerate(dues)]
    for number in cancelled:
        if number < len(timers):
            timers[number].cancel()
    while heap.next_due_us() is not None:
        heap.pop()()
    kept = [number for number in range(len(dues)) if number not in cancelled]
    assert came == sorted(kept, key=lambda number: (dues[number], number))
    with pytest.raises(LookupError):
        heap.pop()


@given(st.integers(-(10**15), 10**16))
def test_times_survive_as_microseconds(us: int) -> None:
    """Market time is whole microseconds and loses nothing."""
    assert to_us(from_us(us)) == us


def test_naive_times_are_refused() -> None:
    """A time without a zone says nothing."""
    with pytest.raises(ValueError, match="naive"):
        to_us(datetime(2026, 1, 1))  # noqa: DTZ001


def test_system_clock_is_the_systems_time() -> None:
    """Between two looks at the real clock."""
    before = datetime.now(UTC)
    now = from_us(SystemClock().now_us())
    assert before - timedelta(microseconds=1) <= now <= datetime.now(UTC)


def test_tracer_keeps_the_last_ones() -> None:
    """A ring of n keeps the last n; a ring of none is refused."""
    world = World("green")
    system = world.start(SupervisorSpec("root", (world.child("a"),)))
    tracer = Tracer(2)
    for number in range(5):
        tracer.record(system.new_envelope(system.address("a"), number, None, None, None))
    assert [envelope.message for envelope in tracer.items()] == [3, 4]
    with pytest.raises(ValueError, match="at least 1"):
        Tracer(0)
    world.close()


def test_unknown_address_names_the_known() -> None:
    """A wrong name is answered with the right ones."""
    world = World("green")
    world.start(SupervisorSpec("root", (world.child("a"), world.child("b"))))
    with pytest.raises(LookupError, match="a, b"):
        world.address("c")
    world.close()


def test_system_is_started_once() -> None:
    """A second start is refused."""
    world = World("green")
    system = world.start(SupervisorSpec("root", ()))
    with pytest.raises(RuntimeError, match="once"):
        system.start()
    world.close()


def test_impossible_specifications_are_refused() -> None:
    """Settings that contradict each other are found when they are written."""
    with pytest.raises(ValueError, match="cap_s"):
        Backoff(min_s=2.0, cap_s=1.0)


def test_thread_runtime_sets_a_short_switch_interval() -> None:
    """Otherwise two computing threads push each other's answers out by milliseconds."""
    sys.setswitchinterval(0.005)
    ThreadRuntime()
    assert sys.getswitchinterval() == pytest.approx(0.0005)


def test_production_ids_differ_between_systems() -> None:
    """Without a seed numbers start at a random place, with one at 1."""
    assert ThreadRuntime().first_number() != ThreadRuntime().first_number()
    assert ThreadRuntime(seed=1).first_number() == 1
    assert ThreadRuntime().uuid() != ThreadRuntime().uuid()
    assert ThreadRuntime(seed=1).uuid() == ThreadRuntime(seed=1).uuid()


class Echo(Actor):
    """For the fake context."""

    def on_receive(self, message: object) -> object:
        self.ctx.tell(FakeAddress("peer"), message)
        timer = self.ctx.call_later(5.0, "later")
        self.ctx.call_later(4.0, "sooner")
        if message == "cancel":
            timer.cancel()
        return self.ctx.ask(PlainQuestion(FakeAddress("oracle"), message), timeout_s=1.0)


def test_fake_context_writes_everything_down() -> None:
    """Tells, asks and timers of a handler can be read off the fake."""
    actor, context = Echo(), FakeContext("echo")
    actor.ctx = context
    context.asks[str] = lambda message: message.upper()
    with context.handling("question", correlation="c1"):
        assert actor.on_receive("question") == "QUESTION"
    assert context.told_to("peer") == ["question"]
    assert context.tell_correlations == ["c1"]
    assert context.advance(10.0) == ["sooner", "later"]
    actor.on_receive("cancel")
    assert context.advance(10.0) == ["sooner"]


def test_fake_context_can_be_fenced_and_asks_need_an_answer() -> None:
    """A fenced fake refuses effects; an ask nobody prepared is told how to."""
    actor, context = Echo(), FakeContext("echo")
    actor.ctx = context
    with pytest.raises(ActorUnavailable, match=r"FakeContext.asks\[str\]"):
        actor.on_receive("x")
    context.live = False
    with pytest.raises(Fenced):
        actor.on_receive("x")
