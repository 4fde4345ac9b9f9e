"""The answer of every rule: its checks, each with value, threshold, verdict and a stable reason code.

Reasons are derived from the checks, so a rule can neither report a false reason nor leave a true one out.
"""

from __future__ import annotations

from pydantic import Field

from core.check_words import RULES, check_line, input_line
from core.check_words import Scalar as Scalar
from core.text import visible
from core.values import Value

ROUNDING = 1e-12
"""Tolerance of a comparison, relative for bounds above 1 and absolute below.

Bounds are inclusive; rounding may put a quotient that equals its bound on paper slightly beside it.
"""


class Check(Value):
    """One comparison. `code` is the reason that a failure reports; `note` qualifies it (a side, a leg)."""

    code: str
    value: Scalar
    op: str
    threshold: Scalar
    passed: bool
    note: str = ""

    @property
    def reason(self) -> str:
        """The stable code, with its qualifier if it has one: `spread_too_wide:ETH-26JAN26-2800-P`."""
        return f"{self.code}:{self.note}" if self.note else self.code

    @property
    def said(self) -> str:
        """The same in words: `positions, with this one: 2, at most 1`."""
        what, found = check_line(self.code, self.value, self.op, self.threshold, passed=self.passed)
        return f"{what}: {found}" if found else what


class RuleResult(Value):
    """A rule's answer. `inputs` are the numbers that it read and derived, for people and for the replay."""

    rule: str
    checks: tuple[Check, ...]
    inputs: dict[str, Scalar] = Field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The code of every failed check, in the order of the checks."""
        return tuple(check.reason for check in self.checks if not check.passed)

    def table(self, verdict: str | None = None) -> str:
        """A short text for a trader: what was looked at, what was found, the bound; then the other inputs.

        The verdict reads passed or refused, unless an exit rule gives another word; its matches are marked.
        """
        exits = verdict is not None
        marks = ("->", "  ") if exits else ("ok", "NO")
        rows = []
        for check in self.checks:
            what, found = check_line(
                check.code, check.value, check.op, check.threshold, passed=check.passed, exits=exits
            )
            what = f"{what} ({check.note})" if check.note and check.note not in what else what
            found = found if check.passed or exits else f"{found}  [{check.code}]".strip()
            rows.append((marks[0] if check.passed else marks[1], visible(what), visible(found)))
        for name, value in self.inputs.items():
            what, found = input_line(name, value)
            rows.append(("", visible(what), visible(found)))
        width = max((len(what) for _, what, found in rows if found), default=0)
        lines = [f"{RULES.get(self.rule, self.rule)}: {verdict or ('passed' if self.passed else 'refused')}"]
        lines += [f"  {mark:2} {what:{width}}  {found}".rstrip() for mark, what, found in rows]
        return "\n".join(lines)


def at_least(code: str, value: float, minimum: float, note: str = "") -> Check:
    passed = value >= minimum - _rounding(minimum)
    return _made(code, value, ">=", minimum, passed, note)


def at_most(code: str, value: float, maximum: float, note: str = "") -> Check:
    passed = is_at_most(value, maximum)
    return _made(code, value, "<=", maximum, passed, note)


def is_at_most(value: float, maximum: float) -> bool:
    """The verdict of `at_most` alone."""
    return value <= maximum + _rounding(maximum)


def holds(code: str, passed: bool, value: Scalar, expected: Scalar, note: str = "") -> Check:
    """A check that is not a comparison of two numbers; `expected` says what would have passed."""
    return _made(code, value, "is", expected, passed, note)


def _made(code: str, value: Scalar, op: str, threshold: Scalar, passed: bool, note: str) -> Check:
    """A check of what has its types already, unless one of them is a subclass, which the model would turn
    into its base: checks are half of all values that a year of decisions makes, and validating one of a
    float takes longer than the comparison."""
    types = (type(code), type(value), type(threshold), type(passed), type(note))
    if types not in _EXACT:
        return Check(code=code, value=value, op=op, threshold=threshold, passed=passed, note=note)
    made = object.__new__(Check)
    fields = {
        "code": code,
        "value": value,
        "op": op,
        "threshold": threshold,
        "passed": passed,
        "note": note,
    }
    object.__setattr__(made, "__dict__", fields)
    object.__setattr__(made, "__pydantic_fields_set__", set(fields))
    object.__setattr__(made, "__pydantic_extra__", None)
    object.__setattr__(made, "__pydantic_private__", None)
    return made


_SCALARS = (str, bool, int, float, type(None))
_EXACT = frozenset((str, value, threshold, bool, str) for value in _SCALARS for threshold in _SCALARS)


def _rounding(bound: float) -> float:
    return ROUNDING * max(1.0, abs(bound))
