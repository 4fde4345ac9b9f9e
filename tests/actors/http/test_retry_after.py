"""`Retry-After` in each of its forms, and in none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.http import retry_after_s

NOW = "Mon, 05 Jan 2026 14:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "pause_s"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("99999999999999999999", 300.0),
        ("Mon, 05 Jan 2026 14:00:40 GMT", 40.0),
        ("Monday, 05-Jan-26 14:00:40 GMT", 40.0),
        ("Mon Jan  5 14:00:40 2026", 40.0),
        ("Mon, 05 Jan 2026 15:00:40 +0100", 40.0),
        ("Mon, 05 Jan 2026 13:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300.0),
        ("7, 9", 9.0),
        ("Mon, 05 Jan 2026 14:00:40 GMT, Mon, 05 Jan 2026 14:00:20 GMT", 40.0),
        ("nonsense, 7, 9", 9.0),
        ("9, nonsense", 9.0),
        ("-5", None),
        ("1e3", None),
        ("٧", None),
        ("soon", None),
        ("", None),
        ("Mon, 99 Jan 2026 99:99:99 GMT", None),
        ("9" * 5000, None),
    ],
)
def test_the_pause_is_what_is_asked_for_within_bounds(text: str, pause_s: float | None) -> None:
    assert retry_after_s({"retry-after": text, "date": NOW}, max_s=300.0) == pause_s


@pytest.mark.parametrize("date", ["", "soon", "Mon, 05 Jan 2026 25:00:00 GMT"])
def test_a_date_without_the_answers_own_date_says_nothing(date: str) -> None:
    """The server's clock may be set otherwise than ours."""
    assert retry_after_s({"retry-after": "Mon, 05 Jan 2026 14:00:40 GMT", "date": date}, max_s=300.0) is None


def test_an_answer_without_it_asks_for_no_pause() -> None:
    assert retry_after_s({"date": NOW}, max_s=300.0) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_stands_there_is_a_pause_within_bounds_or_none(text: str, date: str) -> None:
    pause_s = retry_after_s({"retry-after": text, "date": date}, max_s=300.0)
    assert pause_s is None or 0.0 <= pause_s <= 300.0
