"""The time that one request of the engine has, whatever it waits for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

ANSWER_WITHIN_S: Final = 7.0
"""The engine gives up after 8 s; the rest is for the way back."""


@dataclass(frozen=True)
class Deadline:
    """An end on the monotonic clock that travels with a request."""

    ends_at_s: float
    clock: Callable[[], float] = monotonic

    @classmethod
    def within(cls, seconds: float = ANSWER_WITHIN_S, clock: Callable[[], float] = monotonic) -> Deadline:
        """So many seconds from now."""
        return cls(clock() + seconds, clock)

    @property
    def left_s(self) -> float:
        """Seconds that are left, never below 0."""
        return max(0.0, self.ends_at_s - self.clock())

    def but_at_most(self, seconds: float) -> Deadline:
        """The same, or earlier: so many seconds from now."""
        return Deadline(min(self.ends_at_s, self.clock() + seconds), self.clock)
