"""A key that stands twice is found, however the JSON is written, and nothing else is taken for one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from actors.mcp.json_keys import repeated_key

TEXTS = st.text(alphabet='ab":{},[]\\ \n', max_size=6)
VALUES = st.recursive(
    st.one_of(st.none(), st.integers(), TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"a":1,"a":1}', "a"),
        ('{"a":1,"a":2}', "a"),
        ('{"a" :1,"b":2,"b":3}', "b"),
        ('{"x":[{"a":1},{"a":1,"c":{"b":1,"b":2}}]}', "b"),
        ('{"a":1,"\\u0061":2}', "a"),
        ('{"a":"\\":","a":1}', "a"),
    ],
)
def test_a_key_that_stands_twice_is_named(text: str, key: str) -> None:
    assert repeated_key(text.encode(), from_json(text)) == key


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.sampled_from([None, 2]), st.booleans())
def test_an_object_whose_keys_differ_has_none(
    value: dict[str, object], indent: int | None, tight: bool
) -> None:
    text = json.dumps(value, indent=indent, separators=(",", ":") if tight else (" , ", " : "))
    assert repeated_key(text.encode(), value) is None


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), VALUES)
def test_a_key_is_found_twice_whatever_else_stands_there(value: dict[str, object], again: object) -> None:
    key = next(iter(value))
    text = f"{json.dumps(value)[:-1]}, {json.dumps(key)}: {json.dumps(again)}}}"
    assert repeated_key(text.encode(), from_json(text)) == key
