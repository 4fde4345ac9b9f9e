"""Of a list that moves on, only what is new is made; what comes out is as if all were made anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.made_once import MadeOnce


def test_of_a_list_that_moves_on_only_the_new_items_are_made() -> None:
    made: list[int] = []

    def square(number: int) -> int:
        made.append(number)
        return number * number

    squares = MadeOnce(square)
    assert squares([1, 2, 3]) == (1, 4, 9)
    assert squares([2, 3, 4]) == (4, 9, 16)
    assert squares([2, 3, 4]) == (4, 9, 16)
    assert made == [1, 2, 3, 4]


@given(lists=st.lists(st.lists(st.integers(0, 3), max_size=6), max_size=4))
def test_whatever_was_there_before_each_item_gets_its_own(lists: list[list[int]]) -> None:
    text = MadeOnce(str)
    for items in lists:
        assert text(items) == tuple(str(item) for item in items)
