"""One form of JSON, which is that of the standard library's encoder with the same settings."""

from __future__ import annotations

import json
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.json_text import writer


class Word(StrEnum):
    GO = "go"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.just(Word.GO),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize("ascii_only", [True, False])
@given(value=VALUES)
def test_a_value_is_written_as_the_standard_library_writes_it(value: object, ascii_only: bool) -> None:
    expected = json.dumps(
        value, separators=(",", ":"), sort_keys=True, ensure_ascii=ascii_only, allow_nan=False
    )
    assert writer(ascii_only=ascii_only)(value) == expected


def test_what_is_no_json_is_refused() -> None:
    within_itself: list[object] = []
    within_itself.append(within_itself)
    write = writer(ascii_only=True)
    for value, error in ((float("nan"), ValueError), (object(), TypeError), (within_itself, RecursionError)):
        with pytest.raises(error):
            write(value)
    assert write([1]) == "[1]"


def test_without_the_quick_encoder_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"b": [1.5, None, "\u00e9"], "a": {"ok": True}}
    quick = writer(ascii_only=True)(value)
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert writer(ascii_only=True)(value) == quick
