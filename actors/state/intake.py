"""Requests on their way into the books, each request id once, with everyone who waits for its answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from actors.state.apply import Write
from actors.state.sequencer import Committed
from core.messages.state import RecordingAnswer

Answer = Callable[[RecordingAnswer], None]
BATCH_REQUESTS_MAX: Final = 256
WAITING_MAX: Final = 10_000


@dataclass
class Waiting:
    """One request, and how to answer each of those who have sent it."""

    request: Write
    correlation: str | None
    answers: list[Answer] = field(default_factory=list)

    def answer(self, with_what: RecordingAnswer) -> None:
        """Answer everybody."""
        for answer in self.answers:
            answer(with_what)


@dataclass(frozen=True)
class InFlight:
    """A committed batch on its way into the audit file, and the requests that await it."""

    committed: Committed
    waiting: list[Waiting]


class Intake:
    """A bounded queue; what waits while a batch is on its way to the audit file is the next batch."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._queue: deque[Waiting] = deque()
        self._by_id: dict[str, Waiting] = {}

    def __len__(self) -> int:
        return len(self._queue)

    def join(self, request_id: str, answer: Answer) -> bool:
        """True if the request is under way already: this asker will be answered with the others."""
        waiting = self._by_id.get(request_id)
        if waiting is None:
            return False
        waiting.answers.append(answer)
        return True

    def put(self, request: Write, correlation: str | None, answer: Answer) -> bool:
        """Queue it; False if the queue is full."""
        if len(self._queue) >= self._bound:
            return False
        waiting = Waiting(request, correlation, [answer])
        self._queue.append(waiting)
        self._by_id[request.request_id] = waiting
        return True

    def put_first(self, request: Write) -> None:
        """Queue a record of state's own before all waiting requests, whatever the bound."""
        waiting = Waiting(request, None)
        self._queue.appendleft(waiting)
        self._by_id[request.request_id] = waiting

    def take(self, count: int) -> list[Waiting]:
        """The next batch. Its requests stay known until `done`."""
        return [self._queue.popleft() for _ in range(min(count, len(self._queue)))]

    def done(self, batch: list[Waiting]) -> None:
        """Forget the requests of a batch, as they are about to be answered."""
        for waiting in batch:
            self._by_id.pop(waiting.request.request_id, None)
