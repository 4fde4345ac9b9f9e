"""How many there are, in words."""

from __future__ import annotations

import pytest

from core.how_many import how_many


@pytest.mark.parametrize(
    ("number", "form", "text"),
    [
        (0, ",", "0 days"),
        (1, ",", "1 day"),
        (2, ",", "2 days"),
        (1204, ",", "1,204 days"),
        (0.9, ".0f", "1 day"),
        (1.0, "g", "1 day"),
        (1.0, ".1f", "1.0 days"),
        (30.0, "g", "30 days"),
    ],
)
def test_one_of_them_is_one_and_anything_else_is_several(number: float, form: str, text: str) -> None:
    assert how_many(number, "day", form) == text
