"""Of a list that moves on, only what is new is made; what comes out is as if all were made anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from core.made_once import MadeOnce


class Hour(NamedTuple):
    number: int


HOURS = [Hour(number) for number in range(4)]


def test_of_a_list_that_moves_on_only_the_new_items_are_made() -> None:
    made: list[int] = []

    def numbers_of(hours: Sequence[Hour]) -> list[int]:
        made.extend(hour.number for hour in hours)
        return [hour.number for hour in hours]

    numbers = MadeOnce(numbers_of)
    assert numbers(HOURS[:3]) == (0, 1, 2)
    assert numbers(HOURS[1:]) == (1, 2, 3)
    assert numbers(HOURS[1:]) == (1, 2, 3)
    assert made == [0, 1, 2, 3]


@given(lists=st.lists(st.lists(st.sampled_from(HOURS), max_size=6), max_size=4))
def test_whatever_was_there_before_each_item_gets_its_own(lists: list[list[Hour]]) -> None:
    numbers = MadeOnce[Hour, int](lambda hours: [hour.number for hour in hours])
    for hours in lists:
        assert numbers(hours) == tuple(hour.number for hour in hours)
