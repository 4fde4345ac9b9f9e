"""Speed of the runtime against raw pykka in the same run: medians, production cell, same switch interval.

Run as `python -m bench.runtime`; it prints its rows and puts them into `bench.json`.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import NamedTuple

import pykka

from actors.runtime import (
    Actor,
    ActorSystem,
    AnyAddress,
    Backoff,
    ChildSpec,
    Envelope,
    GreenRuntime,
    PlainQuestion,
    RunOrder,
    SupervisorSpec,
    ThreadRuntime,
    ask,
)
from actors.runtime.backend.two_lanes import TwoLaneMailbox
from actors.runtime.cells.incarnation import Incarnation
from bench.report import Row, add_rows, print_table, row_at_least, row_at_most

ROUNDS = 7
TELLS = 40_000
ASKS = 2_000
RING = 10
GREEN_HOPS = 100_000
THREAD_HOPS = 20_000
CRASHES = 100
HANDLED = 20_000
AT_ONCE = Backoff(min_s=0.0, cap_s=0.0, jitter=0.0)


class Counter(Actor):
    """Counts messages, and sets an event when it has counted enough."""

    def __init__(self, enough: int, done: threading.Event) -> None:
        self.left = enough
        self.done = done

    def on_receive(self, message: object) -> object:
        self.left -= 1
        if self.left == 0:
            self.done.set()
        return message


class PykkaCounter(pykka.ThreadingActor):
    """The same on raw pykka."""

    def __init__(self, enough: int, done: threading.Event) -> None:
        super().__init__()
        self.left = enough
        self.done = done

    def on_receive(self, message: object) -> object:
        self.left -= 1
        if self.left == 0:
            self.done.set()
        return message


class Hop(Actor):
    """Passes a number on, one less each time."""

    def __init__(self, following: AnyAddress, arrived: list[object], done: threading.Event) -> None:
        self.next = following
        self.arrived = arrived
        self.done = done

    def on_receive(self, message: object) -> object:
        if message:
            self.ctx.tell(self.next, message - 1)  # type: ignore[operator]
        else:
            self.arrived.append(message)
            if len(self.arrived) == RING:
                self.done.set()
        return None


class Fragile(Actor):
    """Crashes on demand."""

    def on_receive(self, message: object) -> object:
        if message == "crash":
            raise ValueError("as asked")
        return message


def root(*children: ChildSpec) -> SupervisorSpec:
    return SupervisorSpec("root", children, intensity=1_000_000, backoff=AT_ONCE)


def timed(work: Callable[[], None], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that `work` takes by a clock, without garbage collection.

    Work that never waits is measured by the process's CPU time, which a busy machine does not distort.
    """
    gc.collect()
    gc.disable()
    try:
        began = clock()
        work()
        return clock() - began
    finally:
        gc.enable()


def tells_per_s_ours() -> float:
    done = threading.Event()
    spec = ChildSpec("counter", lambda _peers: Counter(TELLS, done), mailbox_bound=TELLS)
    system = ActorSystem(ThreadRuntime(), root(spec))
    system.start()
    tell = system.address("counter").tell

    def work() -> None:
        for number in range(TELLS):
            tell(number)
        done.wait()

    took_s = timed(work)
    system.stop()
    return TELLS / took_s


def tells_per_s_pykka() -> float:
    done = threading.Event()
    ref = PykkaCounter.start(TELLS, done)
    tell = ref.tell

    def work() -> None:
        for number in range(TELLS):
            tell(number)
        done.wait()

    took_s = timed(work)
    ref.stop()
    return TELLS / took_s


def ask_p50_us(ask: Callable[[int], object]) -> float:
    """Median round trip of many asks, one after the other."""
    took_ns = []
    for number in range(ASKS):
        began = time.perf_counter_ns()
        ask(number)
        took_ns.append(time.perf_counter_ns() - began)
    return median(took_ns) / 1000


def asks_ours() -> float:
    spec = ChildSpec("counter", lambda _peers: Counter(-1, threading.Event()))
    system = ActorSystem(ThreadRuntime(), root(spec))
    system.start()
    address = system.address("counter")
    p50_us = ask_p50_us(lambda number: ask(PlainQuestion(address, number), timeout_s=5.0))
    system.stop()
    return p50_us


def asks_pykka() -> float:
    ref = PykkaCounter.start(-1, threading.Event())
    p50_us = ask_p50_us(lambda number: ref.ask(number, timeout=5.0))
    ref.stop()
    return p50_us


def ring_spec(done: threading.Event) -> SupervisorSpec:
    arrived: list[object] = []

    def hop(number: int) -> ChildSpec:
        following = f"hop{(number + 1) % RING}"
        return ChildSpec(f"hop{number}", lambda peers: Hop(peers[following], arrived, done))

    return root(*(hop(number) for number in range(RING)))


def green_ring_per_s() -> float:
    done = threading.Event()
    runtime = GreenRuntime(datetime(2026, 1, 1, tzinfo=UTC), seed=1, order=RunOrder.FIFO)
    system = ActorSystem(runtime, ring_spec(done))
    system.start()
    for number in range(RING):
        system.address(f"hop{number}").tell(GREEN_HOPS // RING - 1)
    took_s = timed(runtime.run, time.process_time)
    system.stop()
    return GREEN_HOPS / took_s


def thread_ring_per_s() -> float:
    done = threading.Event()
    system = ActorSystem(ThreadRuntime(), ring_spec(done))
    system.start()
    hops = [system.address(f"hop{number}") for number in range(RING)]

    def work() -> None:
        for hop in hops:
            hop.tell(THREAD_HOPS // RING - 1)
        done.wait()

    took_s = timed(work, time.process_time)
    system.stop()
    return THREAD_HOPS / took_s


def crash_to_serving_us() -> float:
    """Median time from telling a message that crashes the actor to an answer of its next incarnation."""
    system = ActorSystem(ThreadRuntime(), root(ChildSpec("fragile", lambda _peers: Fragile())))
    system.start()
    address = system.address("fragile")
    took_ns = []
    for _ in range(CRASHES):
        ask(PlainQuestion(address, "warm"), timeout_s=5.0)
        began = time.perf_counter_ns()
        address.tell("crash")
        ask(PlainQuestion(address, "serving"), timeout_s=5.0)
        took_ns.append(time.perf_counter_ns() - began)
    system.stop()
    return median(took_ns) / 1000


class BareMailbox(TwoLaneMailbox):
    """The production mailbox without the bookkeeping for restarts and hangs."""

    def get(self, owner: object = None) -> object:
        with self._lock:
            return None if self.owner is not owner else self.user_lane.popleft()


def bookkeeping_us() -> float:
    """The cost of a handled message in the production cell, in µs, less its cost without tracer, without
    bookkeeping for restarts and hangs, and without containing a crash. One thread, no waiting."""
    spec = ChildSpec("counter", lambda _peers: Counter(-1, threading.Event()), mailbox_bound=TELLS)
    system = ActorSystem(ThreadRuntime(), root(spec))
    cell = system.cells[0]
    life = Incarnation(cell, 1)
    cell.mailbox.attach(life)
    assert life.setup()
    actor = Counter(-1, threading.Event())
    bare = BareMailbox(TELLS)
    envelope = system.new_envelope(cell.address, 1, None, None, None)
    deliver, take, process = cell.deliver, cell.mailbox.get, life.process_one
    put, bare_take, receive = bare.put, bare.get, actor.on_receive

    def production() -> None:
        for _ in range(HANDLED):
            deliver(envelope)
            process(take(life))

    def without() -> None:
        for _ in range(HANDLED):
            put(envelope)
            mail: Envelope = bare_take()  # type: ignore[assignment]
            value = receive(mail.message)
            if mail.reply_to is not None:
                mail.reply_to.resolve(value)

    cpu = time.process_time
    return (timed(production, cpu) - timed(without, cpu)) / HANDLED * 1e6


class Round(NamedTuple):
    """Every figure once. A passing disturbance then spoils a few rounds of each, not all rounds of one."""

    tells_per_s: float
    pykka_tells_per_s: float
    ask_us: float
    pykka_ask_us: float
    green_hops_per_s: float
    thread_hops_per_s: float
    crash_us: float
    bookkeeping_us: float


def one_round() -> Round:
    """Ours and pykka's in turn."""
    return Round(
        tells_per_s=tells_per_s_ours(),
        pykka_tells_per_s=tells_per_s_pykka(),
        ask_us=asks_ours(),
        pykka_ask_us=asks_pykka(),
        green_hops_per_s=green_ring_per_s(),
        thread_hops_per_s=thread_ring_per_s(),
        crash_us=crash_to_serving_us(),
        bookkeeping_us=bookkeeping_us(),
    )


def runtime_rows() -> list[Row]:
    """Medians over the rounds. The two absolute figures of CPU time take the best round: another process can
    only make a round slower."""
    tells, pykka_tells, asks, pykka_asks, green, threads, crashes, bookkeeping = zip(
        *(one_round() for _ in range(ROUNDS)), strict=True
    )
    return [
        row_at_least(
            "runtime: tell throughput, threads", median(tells), "msg/s", 3.0, baseline=median(pykka_tells)
        ),
        row_at_most(
            "runtime: ask round trip p50, threads", median(asks), "us", 0.95, baseline=median(pykka_asks)
        ),
        row_at_least("runtime: green ring of 10, FIFO (CPU)", max(green), "msg/s", 800_000),
        row_at_least(
            "runtime: green ring against threads (CPU)",
            median(green),
            "msg/s",
            1.2,
            baseline=median(threads),
        ),
        row_at_most("runtime: crash to serving again p50", median(crashes) / 1000, "ms", 0.3),
        row_at_most("runtime: tracing and restart bookkeeping a message", min(bookkeeping), "us", 1.0),
    ]


def main() -> int:
    """Measure, print, put the rows into `bench.json`. Exit code 1 if a figure misses its target."""
    sys.setswitchinterval(0.0005)
    rows = runtime_rows()
    print_table(rows)
    add_rows(rows)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
