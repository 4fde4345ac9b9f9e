"""Faults of a schema in our words."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from core.schema_words import wrong_by
from core.strategy import TimeOfDay


def _even(found: int) -> int:
    if found % 2:
        raise ValueError(f"expected an even number, found {found}")
    return found


class Asked(BaseModel, extra="forbid"):
    """One field of each kind."""

    at: TimeOfDay = "14:00"
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "US"
    other: Annotated[str, Field(pattern="^x+$")] = "x"
    name: Annotated[str, Field(min_length=1, max_length=3)] = "x"
    items: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]
    share: Annotated[float, Field(lt=1)] = 0.5
    even: Annotated[int, AfterValidator(_even)] = 0
    needed: int


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "expected a value, found none"),
        ({"at": "25:00"}, "expected a time of day such as 14:00, found '25:00'"),
        ({"country": "usa"}, "expected two capital letters such as US, found 'usa'"),
        ({"other": "y"}, "expected a text like ^x+$, found 'y'"),
        ({"name": ""}, "expected at least 1 character, found ''"),
        ({"name": "long"}, "expected at most 3 characters, found 'long'"),
        ({"items": []}, "expected at least 1 item, found 0"),
        ({"items": [1, 2, 3]}, "expected at most 2 items, found 3"),
        ({"share": 2}, "expected less than 1, found 2"),
        ({"even": 3}, "expected an even number, found 3"),
        ({"shares": 2}, "unknown key"),
        ({"name": 7}, "expected string, found 7"),
        ({"name": "x" * 1000}, "expected at most 3 characters, found 'xxx"),
    ],
)
def test_a_fault_says_what_was_expected_and_found(given: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Asked.model_validate({"needed": 1, **given} if given else {})
    (details,) = refused.value.errors()
    assert wrong_by(details).startswith(told)
    assert len(wrong_by(details)) < 200


def test_what_is_no_json_is_told_without_the_text() -> None:
    with pytest.raises(ValidationError) as refused:
        Asked.model_validate_json("[" * 10_000)
    (details,) = refused.value.errors()
    assert wrong_by(details).startswith("expected JSON: recursion limit exceeded")
