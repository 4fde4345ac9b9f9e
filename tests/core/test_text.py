"""Any bytes of a command line become text that can be encoded."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import all_seen, duration, encodable, visible


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


UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@given(text=st.text())
def test_what_is_visible_is_on_one_line_and_hides_nothing(text: str) -> None:
    shown = visible(text)
    assert [one for one in shown if unicodedata.category(one) in UNSEEN] == []
    assert "\n" not in shown
    assert visible(shown) == shown


def test_a_text_that_is_seen_stays() -> None:
    for text in ("", "plain [bold] \\", "Ünïcode → …", "日本", "⟪x⟫"):
        assert visible(text) == text


@pytest.mark.parametrize("text", ["x", "drill: two words", "caf\u00e9", "日本"])
def test_a_text_of_characters_that_are_seen_is_taken(text: str) -> None:
    assert all_seen(text) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "found ''"),
        (" \t", "found ' "),
        ("a\nb", r"found \n at character 2"),
        ("\u202eab", r"found \u202e at character 1"),
        ("ab\u3164", r"found \u3164 at character 3"),
        ("caf\udce9", r"found \xe9 at character 4"),
    ],
)
def test_a_text_that_is_not_wholly_seen_names_the_first_character(text: str, found: str) -> None:
    with pytest.raises(ValueError, match="expected characters that can be seen") as refused:
        all_seen(text)
    assert found in str(refused.value)


def test_what_is_not_seen_is_an_escape() -> None:
    assert visible("a\nb\r\x1b\x9b") == r"a\nb\r\x1b\x9b"
    assert visible("\u202e\u2066\u200b\ufeff\u2028\u00ad") == r"\u202e\u2066\u200b\ufeff\u2028\xad"
    assert visible("\u3164\u2800\ufe0f\u034f\U000e0101") == r"\u3164\u2800\ufe0f\u034f\U000e0101"
    assert visible("caf\udce9 \ud83d") == r"caf\xe9 \ud83d"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (592, "10 min"),
        (3599, "1 h"),
        (3600 + 300, "1 h 5 min"),
        (86_399, "1 d"),
        (86_400 * 2 + 3 * 3600, "2 d 3 h"),
    ],
)
def test_a_duration_is_as_exact_as_a_person_wants_it(seconds: float, shown: str) -> None:
    assert duration(timedelta(seconds=seconds)) == shown
