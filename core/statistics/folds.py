"""Spans of a walk forward: what is chosen on training weeks is judged on the test weeks after them alone."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import InputError


@dataclass(frozen=True, slots=True)
class Fold:
    """Weeks by their numbers from 0 on; ends are left out. Between training and test lies the purge."""

    train: tuple[int, int]
    test: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Walk:
    """So many weeks of training, of test, and from one test to the next."""

    train: int
    test: int
    step: int


def folds_of(walk: Walk, weeks: int, purge: int, *, anchored: bool) -> tuple[Fold, ...]:
    """Every fold whose test lies within so many weeks; an anchored one trains from the first week on.

    `purge` weeks before the test belong to nothing: what was entered there could still be open in the test.
    Raises `InputError` if there is not one fold.
    """
    if min(walk.train, walk.test, walk.step) < 1 or purge < 0:
        raise InputError(f"walk: expected at least 1 week each, found {walk.train}, {walk.test}, {walk.step}")
    found = []
    start = walk.train + purge
    while start + walk.test <= weeks:
        end = start - purge
        found.append(Fold((0 if anchored else end - walk.train, end), (start, start + walk.test)))
        start += walk.step
    if not found:
        raise InputError(
            f"walk: expected at least {walk.train + purge + walk.test} weeks (training {walk.train}, "
            f"purge {purge}, test {walk.test}), found {weeks}"
        )
    return tuple(found)
