"""Any bytes of a command line become text that can be encoded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.text import encodable


def test_byte_that_is_no_utf_8_is_shown_as_such() -> None:
    assert encodable("caf\udce9 \udc80\udcff") == r"caf\xe9 \x80\xff"


def test_other_surrogates_are_shown_by_their_number() -> None:
    assert encodable("\ud800\udc7f\udd00\udfff") == r"\ud800\udc7f\udd00\udfff"


@given(text=st.text())
def test_sound_text_stays_as_it_is(text: str) -> None:
    assert encodable(text) == text


@given(content=st.binary())
def test_any_bytes_can_be_encoded(content: bytes) -> None:
    encodable(content.decode("utf-8", "surrogateescape")).encode()
