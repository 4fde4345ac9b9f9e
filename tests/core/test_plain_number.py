"""A number is what is written in the digits 0 to 9, and what can be read in one way only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.plain_number import number_advice, plain_number, plain_whole

NO_NUMBERS = [
    "",
    " ",
    " 1",
    "1 ",
    "1\n",
    "1_0",
    "1,0",
    "1 000",
    "1'000",
    "0x10",
    "nan",
    "inf",
    "-Infinity",
    "1e",
    "e1",
    ".",
    "+",
    "--1",
    "\u0661",
    "\u0967\u0966",
    "\uff11",
    "1\u0660",
    "\u00b2",
    "\u00bd",
    "1\u200b0",
    "\u22121",
    "1\x00",
    "5 %",
]


@pytest.mark.parametrize("text", NO_NUMBERS, ids=ascii)
def test_what_only_python_takes_for_a_number_is_none(text: str) -> None:
    assert plain_number(text) is None
    assert plain_whole(text) is None


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1.0), ("-0.5", -0.5), ("+.5", 0.5), ("5.", 5.0), ("1e3", 1e3), ("007", 7.0)]
)
def test_a_plain_number_is_read(text: str, value: float) -> None:
    assert plain_number(text) == value


@given(st.text(alphabet="0123456789+-._eE\u0661\u0967 ", max_size=8))
def test_whatever_is_read_is_what_python_reads_too(text: str) -> None:
    value, whole = plain_number(text), plain_whole(text)
    if value is not None:
        assert text.isascii()
        assert "_" not in text
        assert value == float(text)
    if whole is not None:
        assert whole == int(text) == value


def test_numbers_of_any_length_end() -> None:
    assert plain_number("9" * 100_000) == float("inf")
    assert plain_number("1e999999999") == float("inf")
    assert plain_whole("9" * 100_000) is None


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1_0", "without marks between groups of digits"),
        ("1,000", "without marks between groups of digits"),
        ("\u0661", "in the digits 0 to 9"),
        (" 1", "without spaces"),
        ("1,5", "a point in place of the comma"),
        ("5%", "as a fraction"),
        ("", "the field is empty"),
        ("x", ""),
    ],
)
def test_it_is_said_how_to_write_it(text: str, advice: str) -> None:
    assert advice in number_advice(text)
