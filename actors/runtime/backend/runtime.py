"""What a backend offers: mailboxes, futures, workers, timers and the two times. Cells know no more of it."""

from __future__ import annotations

import random
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, Protocol

from greenlet import GreenletExit

from actors.runtime.actor.context import Timer
from actors.runtime.backend.futures import OneShot
from actors.runtime.backend.mailbox import Mailbox
from actors.runtime.times import from_us


class Consumer(Protocol):
    """What a backend's loop drives: set up once, given envelopes until it returns False, torn down once."""

    @property
    def worker_name(self) -> str: ...

    @property
    def mailbox(self) -> Mailbox: ...

    def setup(self) -> bool: ...

    def process_one(self, envelope: Any) -> bool: ...

    def teardown(self) -> None: ...


class Channel(Protocol):
    """An unbounded queue to one supervisor."""

    def put(self, message: object) -> None: ...

    def get(self, timeout_s: float | None) -> object:
        """The next message; None if `timeout_s` of process time passed without one."""

    def close(self) -> list[object]:
        """Accept nothing any more, and return what was left."""


class Parked(Protocol):
    """A life whose handler waits; the jumping clock counts it as idle meanwhile."""

    live: bool
    counted: bool
    waiting_for: OneShot | None

    @property
    def mailbox(self) -> Mailbox: ...

    @property
    def hang_watched(self) -> HangWatched: ...


class Activity(Protocol):
    """Counts what is under way, for a clock that stands still meanwhile."""

    def add(self, count: int) -> None: ...

    def begin(self, worker: Parked) -> None: ...

    def finish(self, worker: Parked) -> None: ...


class HangWatched(Protocol):
    """A cell as the hang watch sees it."""

    def report_if_hung(self) -> None: ...

    @property
    def hang_limit_s(self) -> float: ...

    @property
    def busy_since_s(self) -> float | None:
        """Process time at which the message being handled was taken; None if there is none."""


class Runtime(ABC):
    """A backend. `seed` None means production: true randomness, ids unique across processes."""

    activity: Activity | None = None
    yields_at_tell = False
    finds_deadlocks = False
    # Process time goes as market time does.
    has_one_time = False
    # True while a simulated runtime ends its fibers, by raising GreenletExit in them.
    unwinding = False
    abandoned_max = 8

    def __init__(self, seed: int | None) -> None:
        self.seed = seed
        self._uuids = None if seed is None else random.Random(f"{seed}/uuid")

    @abstractmethod
    def now_us(self) -> int:
        """Market time in whole microseconds since the epoch."""

    @property
    def market_time(self) -> datetime:
        """Market time, aware UTC."""
        return from_us(self.now_us())

    def stamp_ns(self) -> int:
        """Market time in nanoseconds since the epoch, for envelopes; exact to the microsecond."""
        return self.now_us() * 1000

    @abstractmethod
    def monotonic(self) -> float:
        """Process time in seconds."""

    @abstractmethod
    def new_mailbox(self, bound: int) -> Mailbox: ...

    @abstractmethod
    def new_future(self) -> OneShot: ...

    @abstractmethod
    def new_channel(self) -> Channel: ...

    @abstractmethod
    def start_consumer(self, consumer: Consumer) -> None:
        """Run the loop of the consumer's mailbox on a worker."""

    @abstractmethod
    def spawn(self, name: str, work: Callable[[], None]) -> object:
        """Run `work` on a worker of its own. Returns a handle for `abandon`."""

    @abstractmethod
    def add_timer(self, due_us: int, action: Callable[[], object]) -> Timer:
        """Call `action`, which must not block, at that market time."""

    @abstractmethod
    def wait(self, future: OneShot, timeout_s: float | None, worker: Parked | None) -> bool:
        """Park the caller until the future is decided; False if `timeout_s` passed, in either time."""

    @abstractmethod
    def watch_hangs(self, cells: Iterable[HangWatched]) -> None:
        """Have each cell check for a hang at least every quarter of its limit, in process time."""

    def watch_clock(self, report_step: Callable[[float], None]) -> None:
        """Report by how many seconds the system's clock was set, positive if ahead, whenever it is. Market
        time that is not the system's is never set: then nothing is reported."""
        del report_step

    @abstractmethod
    def abandon(self, job: object) -> None:
        """Give up on this consumer or spawned work: its worker counts as abandoned until it returns,
        unless it has already."""

    @property
    @abstractmethod
    def abandoned(self) -> int:
        """How many abandoned workers have not returned."""

    @abstractmethod
    def shut_down(self) -> None:
        """The system has stopped: end timers and watches."""

    @abstractmethod
    def stack_of(self, consumer: Consumer) -> str:
        """The Python stack of the worker that runs the consumer, or ''."""

    def yield_now(self) -> None:
        """Perhaps let somebody else run; called after a tell if `yields_at_tell`."""
        raise NotImplementedError(f"{type(self).__name__} does not yield at a tell")

    def let_unwind(self, error: BaseException) -> None:
        """Raise the error again if it is the GreenletExit that ends a fiber of a simulation. Any other
        GreenletExit is contained like any exception."""
        if self.unwinding and isinstance(error, GreenletExit):
            raise error

    def operation(self) -> AbstractContextManager[None]:
        """Count an operator's request as under way: a jumping clock stands still within the block."""
        return nullcontext()

    def first_number(self) -> int:
        """Where envelope numbers start: at 1 if there is a seed, at a random point in production."""
        return 1 if self.seed is not None else (uuid.uuid4().int >> 98) << 32

    def rng(self, path: str) -> random.Random:
        """A generator for one actor, independent of all others."""
        return random.Random() if self.seed is None else random.Random(f"{self.seed}/{path}")

    def uuid(self) -> str:
        """32 hex digits."""
        return uuid.uuid4().hex if self._uuids is None else f"{self._uuids.getrandbits(128):032x}"
