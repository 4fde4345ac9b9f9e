"""One call of the venue after another, each kept as it was asked and answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.live.deadline import Deadline
from gateway.live.errors import OutsideError, VenueError
from gateway.live.sources import LiveSources
from gateway.live.venue.limits import Priority
from gateway.live.venue.methods import Bucket, Method
from gateway.live.venue.sending import DeribitSending


class VenueSaid(NamedTuple):
    """One answer: a result, or the number and the words of a refusal."""

    result: Any
    code: int | None = None
    words: str = ""

    @property
    def was(self) -> str:
        """In a word: taken, or how it was refused."""
        return "taken" if self.code is None else self.words


class Fixture(NamedTuple):
    """What was asked for a question, and the answer."""

    question: str
    method: str
    params: Mapping[str, object]
    told: VenueSaid


class ProbeCalls:
    """Asks within the gateway's own limits."""

    def __init__(self, sources: LiveSources) -> None:
        self._sources = sources
        self._sending = DeribitSending(sources.reads.wire, sources.limits, lambda _: None)
        self.question = ""
        self.fixtures: list[Fixture] = []

    @property
    def now_ms(self) -> int:
        """The venue's time, ms since 1970."""
        return self._sources.clock.now_ms()

    async def __call__(self, method: Method, **params: object) -> VenueSaid:
        """One answer, also if it is a refusal. Raises another `OutsideError` if there is none."""
        deadline = Deadline.within(clock=self._sources.monotonic_s)
        try:
            if method.bucket is Bucket.MATCHING:
                told = VenueSaid(_plain(await self._sending.change(method, params, deadline)))
            else:
                answer = await self._sources.reads.read(method, params, deadline, Priority.ORDERS)
                told = VenueSaid(_plain(answer.result))
        except VenueError as error:
            told = VenueSaid(None, error.code, str(error))
        self.fixtures.append(Fixture(self.question, method.value, params, told))
        return told

    async def result(self, method: Method, **params: object) -> Any:
        """A result. Raises `RefusedError` if the venue refuses."""
        told = await self(method, **params)
        if told.code is not None:
            raise RefusedError(f"{method}: {told.words}")
        return told.result


def _plain(result: Any) -> Any:
    """As JSON has it: what was read as decimals are numbers again."""
    return json.loads(json.dumps(result, default=float))


class RefusedError(OutsideError):
    """The venue refuses what a question can't do without."""
