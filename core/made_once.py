"""Values made of the items of a list that moves on: the hours of a month, read again every week."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
MadeT = TypeVar("MadeT")


class MadeOnce(Generic[ItemT, MadeT]):
    """Makes a value of each item, and takes over what it made of the same items of the list before.

    The items must be values: what is made of one depends on nothing else. If two threads use it at once, some
    values are made twice.
    """

    def __init__(self, make: Callable[[ItemT], MadeT]) -> None:
        self._make = make
        self._last: tuple[tuple[ItemT, ...], tuple[MadeT, ...]] = ((), ())

    def __call__(self, items: Iterable[ItemT]) -> tuple[MadeT, ...]:
        """What is made of each, in the same order."""
        listed = tuple(items)
        before, made = self._last
        start = before.index(listed[0]) if listed and listed[0] in before else len(before)
        taken_over = made[start:] if before[start:] == listed[: len(before) - start] else ()
        made = taken_over + tuple([self._make(item) for item in listed[len(taken_over) :]])
        self._last = listed, made
        return made
