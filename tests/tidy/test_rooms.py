"""Each room lets in what its handler takes. That this is at least its protocol, the type checker says in
`actors/tree.py`."""

from __future__ import annotations

from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

import actors.tree
from actors.room import Room

ROOMS = sorted(
    {room for room in Room.__subclasses__() if room.__module__.startswith("actors.")},
    key=lambda room: room.__name__,
)


def classes(union: object) -> set[object]:
    """The members of a union, or the one class."""
    return set(get_args(union)) if get_origin(union) in (Union, UnionType) else {union}


def test_every_room_of_the_tree_is_looked_at() -> None:
    in_tree = {value for value in vars(actors.tree).values() if isinstance(value, type)}
    assert set(ROOMS) == {kind for kind in in_tree if issubclass(kind, Room)} - {Room}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_a_room_lets_in_what_its_handler_takes_and_nothing_else(room: type[Room[Any]]) -> None:
    assert set(room._accepts.kinds) == classes(get_type_hints(room.handle)["message"])
