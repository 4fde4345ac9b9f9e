"""How long the market's record is kept, from the environment."""

from __future__ import annotations

import pytest

from config.record import DAYS_KEPT, RECORD_DAYS, record_days
from core.errors import InputError


def test_without_a_word_it_is_kept_for_the_default_which_may_be_never() -> None:
    assert record_days({}) == record_days({RECORD_DAYS: " "}) == DAYS_KEPT
    assert record_days({}, default=None) is None


@pytest.mark.parametrize(("text", "days"), [("1", 1), ("3650", 3650), ("0", None)])
def test_days_are_taken_and_0_records_nothing(text: str, days: int | None) -> None:
    assert record_days({RECORD_DAYS: text}) == days


@pytest.mark.parametrize("text", ["-1", "3651", "1.5", "1_0", "a year"])
def test_what_is_no_number_of_days_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InputError, match=f"{RECORD_DAYS}: expected a whole number of days") as raised:
        record_days({RECORD_DAYS: text})
    assert text not in str(raised.value)
