"""Rule results: reasons follow from the checks, and tables show them."""

from __future__ import annotations

import pickle
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.checks import Check, RuleResult, Scalar, at_least, at_most, holds


def test_reasons_are_the_codes_of_the_failed_checks_in_order() -> None:
    result = RuleResult(
        rule="x",
        checks=(at_most("high", 2, 1), at_least("low", 2, 1), holds("off", False, None, True, "leg")),
    )
    assert result.reasons == ("high", "off:leg")
    assert not result.passed


def test_a_rule_without_checks_passes() -> None:
    assert RuleResult(rule="x", checks=()).passed
    assert RuleResult(rule="x", checks=()).table() == "x: passed"


class Colour(StrEnum):
    RED = "red"


class Number(float):
    pass


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just(Colour.RED), st.just(Number(2.5))
)


@given(st.text(), st.booleans(), SCALARS, SCALARS, st.one_of(st.text(), st.just(Colour.RED)))
def test_a_check_is_what_the_model_makes_of_the_same_values(
    code: str, passed: bool, value: Scalar, expected: Scalar, note: str
) -> None:
    made = holds(code, passed, value, expected, note)
    validated = Check(code=code, value=value, op="is", threshold=expected, passed=passed, note=note)
    assert repr(made) == repr(validated)
    assert made.model_dump_json() == validated.model_dump_json()
    assert made.model_fields_set == validated.model_fields_set
    assert [type(each) for _, each in made] == [type(each) for _, each in validated]
    assert pickle.loads(pickle.dumps(made)).reason == validated.reason  # noqa: S301  (our own)
    with pytest.raises(ValidationError):
        made.code = "another"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "low", "high"), [(1.0, True, True), (0.9, False, True), (1.1, True, False)]
)
def test_bounds_are_inclusive(value: float, low: bool, high: bool) -> None:
    assert at_least("c", value, 1.0).passed is low
    assert at_most("c", value, 1.0).passed is high


def test_a_number_that_is_none_fails_both_bounds() -> None:
    assert not at_least("c", float("nan"), 1.0).passed
    assert not at_most("c", float("nan"), 1.0).passed


def test_the_table_is_short_text() -> None:
    result = RuleResult(
        rule="market",
        checks=(at_least("capital_below_min", 19_999.5, 20_000.0), holds("armed", True, False, False)),
        inputs={"funding_frac": None, "rv14_pct": 50.123456789, "kind": "bull_put", "n": 3},
    )
    assert result.table().splitlines() == [
        "market: refused",
        "  NO equity                        19999.5, at least 20000  [capital_below_min]",
        "  ok armed                         no is no",
        "     funding a year                none",
        "     realised volatility, 14 days  50.1 points",
        "     kind                          bull_put",
        "     n                             3",
    ]


@given(st.lists(st.tuples(st.text("abc", min_size=1, max_size=3), st.booleans())))
def test_a_rule_passes_exactly_where_it_has_no_reason(checks: list[tuple[str, bool]]) -> None:
    made = tuple(Check(code=code, value=1, op="is", threshold=2, passed=passed) for code, passed in checks)
    result = RuleResult(rule="x", checks=made)
    assert result.passed is (result.reasons == ())
    assert list(result.reasons) == [code for code, passed in checks if not passed]
