"""Values made of the items of a list that moves on: the hours of a month, read again every week."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import is_
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
MadeT = TypeVar("MadeT")


class MadeOnce(Generic[ItemT, MadeT]):
    """Has a value made of each item, and takes over what was made of the same objects of the list before.

    The items must be frozen, and what is made of one depends on nothing else. If two threads use it at once,
    some values are made twice.
    """

    def __init__(self, make: Callable[[Sequence[ItemT]], Iterable[MadeT]]) -> None:
        """`make` makes a value of each item, in their order: many at once are made faster."""
        self._make = make
        self._last: tuple[tuple[ItemT, ...], tuple[MadeT, ...]] = ((), ())

    def __call__(self, items: Iterable[ItemT]) -> tuple[MadeT, ...]:
        """What is made of each, in the same order."""
        listed = tuple(items)
        taken_over = self._taken_over(listed)
        made = taken_over + tuple(self._make(listed[len(taken_over) :]))
        self._last = listed, made
        return made

    def _taken_over(self, listed: tuple[ItemT, ...]) -> tuple[MadeT, ...]:
        """What was made of the items with which the last list ended, if this one begins with them."""
        before, made = self._last
        first = listed[0] if listed else None
        start = next((place for place, item in enumerate(before) if item is first), len(before))
        shared = before[start:]
        return made[start:] if len(shared) <= len(listed) and all(map(is_, shared, listed)) else ()
