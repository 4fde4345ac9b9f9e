"""Two records that differ are told apart by the path of the first thing that does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.record import canonical, first_difference

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("a", "b", "path"),
    [
        ({"a": 1}, {"a": 1}, None),
        ({"a": 1}, {"a": 2}, "a"),
        ({"a": 1}, {"b": 1}, "a"),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 3}]}}, "a.b.1.c"),
        ({"a": [1]}, {"a": [1, 2]}, "a"),
        ({"b": 1, "a": 1}, {"b": 2, "a": 2}, "a"),
        (1, 1.0, ""),
        ([1], {"a": 1}, ""),
    ],
)
def test_the_first_difference_is_named_by_its_path(a: object, b: object, path: str | None) -> None:
    assert first_difference(a, b) == path


@given(a=json_values, b=json_values)
def test_no_difference_means_the_same_bytes(a: object, b: object) -> None:
    assert (first_difference(a, b) is None) is (canonical(a) == canonical(b))
    assert first_difference(a, a) is None
