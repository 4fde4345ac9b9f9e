"""Reads the details of audit records, and writes values in the form in which the books' columns hold them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from pydantic import JsonValue

from core.audit.hash_chain import canonical_json
from core.errors import CerberoError

CASH_QUANTUM_ETH = Decimal("1E-8")
"""The venue rounds every cash amount to this, half-even."""

Detail = dict[str, JsonValue]


class ContradictionError(CerberoError):
    """A record contradicts those before it, or lacks what its kind must say."""


class ForgottenError(CerberoError):
    """A record is about a row that was let go of as final: `key` names it or its position.

    It is no contradiction: whoever folds has to begin earlier, or to hold on to that row.
    """

    def __init__(self, key: str | int | None) -> None:
        super().__init__(f"{key!r}: expected no further record of what was final, found one")
        self.key = key


def text(detail: Detail, field: str) -> str:
    """A field that must be text. Raises ContradictionError."""
    value = detail.get(field)
    if not isinstance(value, str):
        raise _unexpected(field, "text", detail)
    return value


def maybe_text(detail: Detail, field: str) -> str | None:
    """A field that may be null or missing. Raises ContradictionError if it is something else than text."""
    return None if detail.get(field) is None else text(detail, field)


def whole(detail: Detail, field: str) -> int:
    """A field that must be a whole number. Raises ContradictionError."""
    value = detail.get(field)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unexpected(field, "a whole number", detail)
    return value


def flag(detail: Detail, field: str) -> int:
    """A field that must be true or false, as 1 or 0. Raises ContradictionError."""
    value = detail.get(field)
    if not isinstance(value, bool):
        raise _unexpected(field, "true or false", detail)
    return int(value)


def amount(detail: Detail, field: str) -> Decimal:
    """A field that must be a decimal in text. Raises ContradictionError."""
    try:
        found = Decimal(text(detail, field))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise _unexpected(field, "a decimal amount as text", detail)
    return found


def time(detail: Detail, field: str) -> str:
    """A field that must be a time with its offset, as the books write it. Raises ContradictionError."""
    try:
        found = datetime.fromisoformat(text(detail, field))
    except ValueError:
        raise _unexpected(field, "an ISO 8601 time", detail) from None
    if found.tzinfo is None:
        raise _unexpected(field, "a time with its offset", detail)
    return time_text(found)


def time_text(when: datetime) -> str:
    """ISO 8601 in UTC with microseconds and a Z."""
    return f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def words(detail: Detail, field: str) -> str:
    """A field that must be a list of texts, as the JSON in which the books keep it."""
    value = detail.get(field)
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise _unexpected(field, "a list of texts", detail)
    return json.dumps(value)


def document(detail: Detail, field: str) -> str:
    """A field that must be an object or a list, as canonical JSON."""
    value = detail.get(field)
    if not isinstance(value, dict | list):
        raise _unexpected(field, "an object or a list", detail)
    return canonical_json(value)


def cash_text(amount_eth: Decimal) -> str:
    """A cash amount, rounded as the venue does."""
    return str(amount_eth.quantize(CASH_QUANTUM_ETH, rounding=ROUND_HALF_EVEN))


def _unexpected(field: str, expected: str, detail: Detail) -> ContradictionError:
    found = repr(detail[field])[:60] if field in detail else "none"
    return ContradictionError(f"{field}: expected {expected}, found {found}")
