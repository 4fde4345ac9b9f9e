"""A random tree of actors that tell, ask, sleep, set timers, crash, hang and overflow, all by one seed.

Every message is a `Job` with a number of its own, so that each can be accounted for.
"""

from __future__ import annotations

import hashlib
import random
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from actors.runtime import (
    Actor,
    ActorSystem,
    ActorUnavailable,
    AnyAddress,
    AskFailed,
    AskTimeout,
    Backoff,
    ChildSpec,
    Exhausted,
    GreenRuntime,
    JumpingClock,
    MailboxFull,
    PlainQuestion,
    ReplyTo,
    Restart,
    RestartStrategy,
    RunOrder,
    RuntimeEvent,
    SupervisorSpec,
    ThreadRuntime,
    Tracer,
    to_us,
)

START = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
RUN_FOR = timedelta(seconds=90)


@dataclass(frozen=True)
class Job:
    """A message: how many more it may cause."""

    number: int
    hops: int


@dataclass
class Books:
    """Where every job went."""

    numbers: count[int] = field(default_factory=count)
    made: list[int] = field(default_factory=list)
    handled: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    events: list[RuntimeEvent] = field(default_factory=list)

    def job(self, hops: int) -> Job:
        job = Job(next(self.numbers), hops)
        self.made.append(job.number)
        return job


class Worker(Actor):
    """Does something at random with each job."""

    def __init__(self, books: Books, peers: Mapping[str, AnyAddress], index: int) -> None:
        self.books = books
        self.peers = list(peers.values())
        self.earlier = self.peers[:index]
        self.kept: list[ReplyTo] = []

    def on_start(self) -> None:
        if self.ctx.epoch > 1 and self.ctx.rng().random() < 0.1:
            raise RuntimeError("does not start")

    def on_receive(self, message: object) -> object:
        assert isinstance(message, Job)
        draw = self.ctx.rng()
        for reply in self.kept:
            reply.set("later")
        self.kept.clear()
        if message.hops > 0:
            self.act(draw, message.hops - 1)
        self.books.handled.append(message.number)
        return message.number

    def act(self, draw: random.Random, hops: int) -> None:
        match draw.choices(
            ("tell", "flood", "ask", "sleep", "timer", "crash", "hang", "defer", "end"),
            (32, 6, 22, 8, 16, 9, 2, 6, 1),
        )[0]:
            case "tell":
                for _ in range(draw.randint(1, 2)):
                    self.ctx.tell(draw.choice(self.peers), self.books.job(hops))
            case "flood":
                target = draw.choice(self.peers)
                for _ in range(8):
                    self.ctx.tell(target, self.books.job(0))
            case "ask" if self.earlier:
                job = self.books.job(hops)
                try:
                    self.ctx.ask(
                        PlainQuestion(draw.choice(self.earlier), job), timeout_s=draw.uniform(0.5, 8.0)
                    )
                except (MailboxFull, ActorUnavailable):
                    self.books.refused.append(job.number)
                except (AskTimeout, AskFailed):
                    return
            case "ask":
                pass  # The first has nobody to ask.
            case "sleep":
                self.ctx.sleep(draw.uniform(0.0, 4.0))
            case "timer":
                self.ctx.call_later(draw.uniform(0.0, 5.0), self.books.job(hops))
            case "crash":
                raise RuntimeError("crashes")
            case "hang":
                self.ctx.sleep(50.0)
            case "defer":
                self.kept.append(self.ctx.defer_reply())
            case "end":
                self.ctx.stop_self()


def random_root(seed: int, books: Books) -> SupervisorSpec:
    """A tree of three to six workers under two supervisors, every setting drawn from the seed."""
    draw = random.Random(f"tree {seed}")
    total = draw.randint(3, 6)

    def worker(index: int) -> ChildSpec:
        return ChildSpec(
            f"w{index}",
            lambda peers: Worker(books, peers, index),
            restart=draw.choices(list(Restart), (6, 2, 1))[0],
            mailbox_bound=draw.choice((3, 6, 100)),
            hang_limit_s=10.0,
            shutdown_timeout_s=1.0,
        )

    backoff = Backoff(min_s=draw.choice((0.0, 0.1, 1.0)), cap_s=4.0, jitter=0.2)
    parks = draw.random() < 0.4
    inner = SupervisorSpec(
        "inner",
        tuple(worker(index) for index in range(1, total - 1)),
        strategy=RestartStrategy.ONE_FOR_ONE if parks else draw.choice(list(RestartStrategy)),
        intensity=draw.randint(0, 4),
        period_s=10.0,
        exhausted=Exhausted.PARK if parks else Exhausted.ESCALATE,
        park_retry_s=20.0,
        backoff=backoff,
    )
    children = (worker(0), inner, worker(total - 1))
    return SupervisorSpec("root", children, intensity=draw.randint(0, 5), period_s=20.0, backoff=backoff)


@dataclass(frozen=True)
class Outcome:
    """All that a run left behind, as text, and its accounts."""

    text: str
    made: Counter[int]
    accounted: Counter[int]
    kinds: Counter[str]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def run(seed: int, kind: type[GreenRuntime] = GreenRuntime) -> Outcome:
    """One run on one seed."""
    books = Books()
    order = RunOrder.FIFO if seed % 4 == 0 else RunOrder.RANDOM
    runtime = kind(START, seed, order, yield_at_tell=0.0 if seed % 3 == 0 else 0.3)
    tracer = Tracer(None)
    system = ActorSystem(runtime, random_root(seed, books), listener=books.events.append, tracer=tracer)
    system.start()
    begin(system, books)
    runtime.run(until=START + RUN_FOR)
    system.stop()
    return outcome_of(system, books)


def run_on_threads(seed: int) -> Outcome:
    """The same on threads with a jumping clock: the order is anybody's, the accounts must still balance."""
    books = Books()
    clock = JumpingClock(START)
    runtime = ThreadRuntime(clock, seed=seed)
    tracer = Tracer(None)
    system = ActorSystem(runtime, random_root(seed, books), listener=books.events.append, tracer=tracer)
    system.start()
    over = threading.Event()
    with runtime.operation():
        begin(system, books)
        clock.add_timer(to_us(START + RUN_FOR), over.set)
    assert over.wait(30.0), system.dump()
    system.stop()
    assert system.wait(10.0) is not None
    return outcome_of(system, books)


def begin(system: ActorSystem, books: Books) -> None:
    """Tell everybody their first jobs."""
    addresses = list(system.addresses.values())
    for number in range(16):
        addresses[number % len(addresses)].tell(books.job(6), correlation=f"c{number}")


def outcome_of(system: ActorSystem, books: Books) -> Outcome:
    """What a stopped system left behind."""
    tracer = system.tracer
    dead = system.dead_letters.items()
    text = tracer.text() + "".join(f"{line!r}\n" for line in (*books.events, *dead, *books.handled))
    buried = [letter.message.number for letter in dead if isinstance(letter.message, Job)]
    sent = {envelope.message.number for envelope in tracer.items() if isinstance(envelope.message, Job)}
    # A timer that had not fired when its life or the system ended never became a message.
    made = Counter(number for number in books.made if number in sent)
    accounted = Counter(books.handled) + Counter(buried) + Counter(books.refused)
    return Outcome(text, made, accounted, Counter(type(event).__name__ for event in books.events))


if __name__ == "__main__":
    sys.stdout.write("\n".join(run(int(seed)).digest for seed in sys.argv[1:]) + "\n")
