"""Folding of dead letters: the first of a kind is told at once, the others at intervals, with their count.

A closed mailbox may refuse mail as fast as others send it. Told one by one, such a flood would fill the
root's queue without bound, ahead of the reports of ended actors that supervision depends on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from threading import Lock

from actors.runtime.backend.runtime import Runtime
from actors.runtime.reporting.events import DeadLettered
from actors.runtime.times import to_us

EVENT_EVERY = timedelta(minutes=1)
"""Market time between two events of the same kind that are folded."""
EVENT_EVERY_US = EVENT_EVERY // timedelta(microseconds=1)


class Told(Enum):
    """How a dead letter is told to the listener."""

    EACH = "each"  # it cost a life, and the supervisor limits how many are lost
    FOLDED = "folded"  # a closed mailbox refused it, perhaps with thousands like it
    NOT = "not"  # it is harmless, or another event tells of it


@dataclass
class _Fold:
    """One kind: the last letter not told yet, how many letters it is told for, and when."""

    until_us: int
    held: DeadLettered | None = None
    count: int = 0


class DeadLetterFolding:
    """One for the whole system. May be used from any thread; `tell` must not block.

    Letters are of one kind if path, reason and type of message are the same: the listener decides by these
    three, so it must be told the first of each kind.
    """

    def __init__(self, runtime: Runtime, tell: Callable[[DeadLettered], None]) -> None:
        self._runtime = runtime
        self._tell = tell
        self._folds: dict[tuple[str, str, type], _Fold] = {}
        self._lock = Lock()

    def add(self, letter: DeadLettered) -> None:
        """Tell it at once, or hold it until the interval of its kind is over."""
        kind = (letter.path, letter.why, type(letter.message))
        at_us = to_us(letter.at)
        with self._lock:
            fold = self._folds.get(kind)
            if fold is not None and (fold.held is not None or at_us < fold.until_us):
                if fold.held is None:
                    self._runtime.add_timer(fold.until_us, lambda: self._interval_over(fold))
                fold.held = letter
                fold.count += 1
                return
            self._folds[kind] = _Fold(at_us + EVENT_EVERY_US)
        self._tell(letter)

    def tell_held(self) -> None:
        """Tell now what is held, because the listener will soon be told nothing any more."""
        with self._lock:
            folds = list(self._folds.values())
        for fold in folds:
            self._interval_over(fold)

    def _interval_over(self, fold: _Fold) -> None:
        with self._lock:
            held, count = fold.held, fold.count
            if held is None:
                return
            fold.held, fold.count = None, 0
            fold.until_us = self._runtime.now_us() + EVENT_EVERY_US
        self._tell(replace(held, count=count))
